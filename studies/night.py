"""A cheap stand-in for the night: the same order of steps, without Spark, MLflow and PostgreSQL.

Interactions are decayed as the training set decays them, the model is a truncated singular value
decomposition (as good as the LightFM hybrid on the demo shop, docs/demo-shop.md), lists are exact, and what a user has
bought is left out. Every night fits and promotes again, as the real one does while the gate agrees.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from include.demo_shop import ShopDay
from include.demo_shop.tables import PURCHASE, RETURN
from include.types import Bools, Doubles, Floats, Integers, Positions

EVENT_WEIGHTS = np.array([0.2, 0.5, 1.0, 0.0], dtype=np.float32)
HALF_LIFE_DAYS, POPULARITY_HALF_LIFE_DAYS = 30.0, 10.0
DIMENSIONS, TOP_N = 16, 50
RECENT_DAYS = 28  # what a fresh fit can tell apart


@dataclass(frozen=True)
class DayLog:
    """One day's events, as positions of users and items in order of their first appearance.

    Attributes
    ----------
    kinds, users, items, prices
        (n_events,) positions in `EVENT_TYPES` of the demo shop; -1 for a user who is not known; NaN for no price.
    n_users, n_items
        How many have appeared by the end of the day.
    """

    date: dt.date
    kinds: Positions
    users: Positions
    items: Positions
    prices: Doubles
    n_users: int
    n_items: int

    @classmethod
    def of(cls, day: ShopDay) -> DayLog:
        """Return the events that the demo shop delivers on a day."""
        log = day.events
        return cls(day.date, log.kind, log.user, log.item, log.price, day.truth.n_users, day.truth.n_items)


@dataclass(frozen=True)
class Model:
    """One fit: users are folded in by `basis` and meet items by `items`, both (n_items, DIMENSIONS)."""

    version: int
    run_date: dt.date
    basis: Floats
    items: Floats


@dataclass(frozen=True)
class NightLists:
    """What one night served: (n_users, TOP_N) lists and the popular items, by a model."""

    run_date: dt.date
    model: Model
    lists: Integers
    popular: Integers

    @property
    def batch_id(self) -> str:
        return f"{self.run_date}-{self.model.version}"

    def for_everybody(self, n_users: int) -> Integers:
        """Return lists for `n_users`; those who came later see what was popular."""
        later = np.broadcast_to(self.popular, (n_users - len(self.lists), TOP_N))
        return np.concatenate([self.lists, later])


@dataclass(frozen=True)
class Recipe:
    """What the studies do differently.

    Attributes
    ----------
    first_steps, steps
        Steps of the first fit and of those after it, which start from the one before; without `first_steps` every fit
        starts again.
    recent_popular
        Whether recent purchases make an item popular, or all users' interactions.
    """

    first_steps: int | None = 12
    steps: int = 2
    recent_popular: bool = True


@dataclass
class StandInNight:
    """All that one installation knows of its shop.

    Parameters
    ----------
    n_users, n_items
        How many there will ever be.
    """

    n_users: int
    n_items: int
    recipe: Recipe = field(default_factory=Recipe)
    fitted: int = 0
    bought: Bools = field(init=False)
    _weights: Floats = field(init=False)
    _wishes: Floats = field(init=False)
    _popularity: Floats = field(init=False)
    _basis: Floats = field(init=False)
    _recent: dict[dt.date, DayLog] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = self.n_users, self.n_items
        self._weights = np.zeros(shape, dtype=np.float32)
        self._wishes = np.zeros(shape, dtype=np.float32)
        self._popularity = np.zeros(self.n_items, dtype=np.float32)
        self.bought = np.zeros(shape, dtype=bool)
        rng = np.random.default_rng(0)
        self._basis = rng.standard_normal((self.n_items, DIMENSIONS)).astype(np.float32)

    def ingest(self, day: DayLog) -> None:
        """Take in a day's events."""
        days = (day.date - max(self._recent, default=day.date)).days
        self._weights *= np.float32(0.5 ** (days / HALF_LIFE_DAYS))
        self._wishes *= np.float32(0.5 ** (days / HALF_LIFE_DAYS))
        self._popularity *= np.float32(0.5 ** (days / POPULARITY_HALF_LIFE_DAYS))
        known = day.users >= 0
        for weights in (self._weights, self._wishes):
            np.add.at(weights, (day.users[known], day.items[known]), EVENT_WEIGHTS[day.kinds[known]])
        bought = day.kinds == PURCHASE
        np.add.at(self._popularity, day.items[bought], 1)
        owned = known & np.isin(day.kinds, (PURCHASE, RETURN))  # the purchase behind a return may be older than the log
        self.bought[day.users[owned], day.items[owned]] = True
        self._recent[day.date] = day
        for old in sorted(self._recent)[:-RECENT_DAYS]:
            del self._recent[old]

    def new_pairs(self, day: DayLog, n_users: int, people: Bools) -> sparse.csr_matrix:
        """Return who turned to what that they had not bought before: (n_users, n_items) bool CSR; ask before `ingest`.

        Parameters
        ----------
        people
            (n_accounts,) bool: False for accounts that are not people.
        """
        chosen = (day.kinds != RETURN) & (day.users >= 0) & (day.users < n_users)
        chosen &= people[np.where(chosen, day.users, 0)]
        pairs = np.unique(day.users[chosen].astype(np.int64) * self.n_items + day.items[chosen])
        users, items = pairs // self.n_items, pairs % self.n_items
        new = ~self.bought[users, items]
        ones = np.ones(int(new.sum()), dtype=bool)
        return sparse.csr_matrix((ones, (users[new], items[new])), shape=(n_users, self.n_items))

    def forget(self, since: dt.date, old_weight: float) -> None:
        """Let what users did before `since` weigh less from now on: the fresh fit of a retrain."""
        newest = max(self._recent)
        fresh = np.zeros_like(self._wishes)
        for date, day in self._recent.items():
            if date < since:
                continue
            known = day.users >= 0
            decay = np.float32(0.5 ** ((newest - date).days / HALF_LIFE_DAYS))
            np.add.at(fresh, (day.users[known], day.items[known]), decay * EVENT_WEIGHTS[day.kinds[known]])
        self._wishes = np.float32(old_weight) * (self._wishes - fresh) + fresh

    def fit(self, day: DayLog, *, broken: bool = False) -> Model:
        """Fit after `day`; a `broken` fit is one whose item ids were mixed up."""
        n_items = day.n_items
        weights = self._normalised(self._weights, day.n_users, n_items)
        basis, first = self._basis[:n_items], self.recipe.first_steps
        for _ in range(first if first and not self.fitted else self.recipe.steps):
            basis, _ = np.linalg.qr(weights.T @ (weights @ basis))
        if first:
            self._basis[:n_items] = basis
        self.fitted += 1
        items = np.roll(basis, n_items // 3, axis=0) if broken else basis
        return Model(self.fitted, day.date, basis.copy(), items.copy())

    def score(self, day: DayLog, model: Model) -> NightLists:
        """Return everybody's list after `day`; items that the model does not know are not recommended."""
        n_users, n_items = day.n_users, len(model.basis)
        users = self._normalised(self._wishes, n_users, n_items) @ model.basis
        scores = np.asarray(users @ model.items.T, dtype=np.float32)
        scores[self.bought[:n_users, :n_items]] = -np.inf
        interest = self._popularity if self.recipe.recent_popular else np.minimum(self._weights, 1).sum(axis=0)
        popular = np.argsort(-interest[: day.n_items], kind="stable")[:TOP_N].astype(np.int32)
        return NightLists(day.date, model, best(scores, TOP_N), popular)

    def _normalised(self, weights: Floats, n_users: int, n_items: int) -> Floats:
        """Return weights as the model sees them: nothing counts more than once, and popular items less."""
        popularity = np.minimum(self._weights[:n_users, :n_items], 1).sum(axis=0)
        seen: Floats = np.minimum(weights[:n_users, :n_items], 1) / np.sqrt(np.sqrt(popularity + 1))
        return seen.astype(np.float32, copy=False)


def best(scores: Floats, n: int) -> Integers:
    """Return the `n` best columns of each row, best first."""
    chosen = np.argpartition(-scores, n, axis=1)[:, :n]
    order = np.take_along_axis(-scores, chosen, axis=1).argsort(axis=1, kind="stable")
    return np.take_along_axis(chosen, order, axis=1).astype(np.int32)


def expected_share(day: ShopDay, lists: Integers, bought: Bools, every: int = 4) -> float:
    """Return the chance that a user's next new purchase is in their list, by the shop's truth, on a sample of users.

    Parameters
    ----------
    bought
        (n_users, n_items): what each has bought already, so that buying it again is nothing new.
    """
    users = np.arange(0, len(lists), every)
    chances = day.truth.preferences(users) * ~bought[users, : day.truth.n_items]
    shown = np.take_along_axis(chances, lists[users], axis=1).sum(axis=1)
    comes = day.truth.visit_probability[users]
    return float((shown * comes).sum() / (chances.sum(axis=1) * comes).sum())


def expected_purchases(day: ShopDay, lists: Integers, every: int = 4) -> float:
    """Return how many purchases the lists would bring on that day, by the shop's truth, on a sample of the users."""
    users = np.arange(0, len(lists), every)
    chances = day.truth.respond(users, lists[users]).purchase.sum(axis=1)
    return float((chances * day.truth.visit_probability[users]).sum() * every)
