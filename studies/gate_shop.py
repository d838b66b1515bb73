"""Small generated shops for the study of the gate: training sets made in a second, with tastes that are known."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np

from include.columns import CART, EVERYBODY, PERIODS, PURCHASE, VIEW
from include.features import Interactions, SegmentPopularity, TrainingSet
from include.features.matrix import FeatureMatrix, feature_matrix
from include.types import Bools, Doubles, Indices, Integers, Strings

USERS, ITEMS, CATEGORIES, SEGMENTS = 900, 300, 12, 3
DAYS, HOLDOUT, HALF_LIFE = 120, 14, 30
RUN_DATE = dt.date(2026, 1, 31)
TASTE = 2.5
"""How much more a user likes one category than another, as the standard deviation of a logarithm."""


@dataclass(frozen=True)
class Purchases:
    """One entry a purchase: who, what, and how many days before the run date."""

    users: Indices
    items: Indices
    ages: Indices

    def some(self, chosen: Bools) -> Purchases:
        """Return some of the purchases."""
        return Purchases(self.users[chosen], self.items[chosen], self.ages[chosen])


@dataclass(frozen=True)
class GateShop:
    """A generated shop: its purchases, and what is known of users and items."""

    purchases: Purchases
    categories: Indices
    first_ages: Indices
    segments: Indices


def make_shop(seed: int) -> GateShop:
    """Return a shop whose users like some categories more than others, with items and users that are new."""
    random = np.random.default_rng(seed)
    categories, segments = random.integers(CATEGORIES, size=ITEMS), random.integers(SEGMENTS, size=USERS)
    first_ages = np.where(random.random(ITEMS) < 0.1, random.integers(HOLDOUT + 1, 45, ITEMS), DAYS + 1)
    appeal = -0.7 * np.log(1 + random.permutation(ITEMS))
    tastes = TASTE * (
        0.9 * random.normal(size=(USERS, CATEGORIES)) + 0.45 * random.normal(size=(SEGMENTS, CATEGORIES))[segments]
    )
    odds = np.exp(appeal + tastes[:, categories])
    joined = np.where(random.random(USERS) < 0.08, random.integers(1, HOLDOUT, USERS), DAYS)
    counts = random.poisson(25 * random.lognormal(0, 0.6, USERS) * np.maximum(joined, 20) / DAYS)
    users = np.repeat(np.arange(USERS), counts)
    ages = (random.random(len(users)) * joined[users]).astype(np.intp)
    return GateShop(
        Purchases(users, _choose(odds, users, ages, first_ages, random), ages), categories, first_ages, segments
    )


def _choose(odds: Doubles, users: Indices, ages: Indices, first_ages: Indices, random: np.random.Generator) -> Indices:
    """Return what each purchase is of, among the items that there were."""
    cumulated = np.cumsum(odds, axis=1)
    items = np.zeros(len(users), np.intp)
    open_ = np.arange(len(users))
    while len(open_):
        drawn = random.random(len(open_)) * cumulated[users[open_], -1]
        items[open_] = (cumulated[users[open_]] < drawn[:, None]).sum(axis=1)
        open_ = open_[first_ages[items[open_]] < ages[open_]]
    return items


def training_set(
    shop: GateShop, purchases: Purchases, categories: Indices | None = None, since: int = 0
) -> TrainingSet:
    """Return the training set of some purchases; `categories` describe the items, `since` days are not over yet.

    Users and items are always all of them, so that models of one training set make lists for another.
    """
    ends = {"early": 2 * HOLDOUT, "before": HOLDOUT + since, "all": 0}
    keys = purchases.users * ITEMS + purchases.items
    pairs, where = np.unique(keys, return_inverse=True)

    def count(chosen: Bools) -> Integers:
        return np.bincount(where[chosen], minlength=len(pairs)).astype(np.int32)

    within = {period: purchases.ages >= end for period, end in ends.items()}
    last = {
        period: np.where(
            count(chosen) > 0,
            np.datetime64(RUN_DATE, "D") - _least(purchases.ages, where, chosen, len(pairs)),
            np.datetime64("NaT"),
        )
        for period, chosen in within.items()
    }
    nothing = np.full(len(pairs), np.datetime64("NaT", "D"))
    interactions = Interactions(
        users=(pairs // ITEMS).astype(np.int32),
        items=(pairs % ITEMS).astype(np.int32),
        weights={
            period: np.bincount(
                where, chosen * 0.5 ** ((purchases.ages - ends[period]) / HALF_LIFE), len(pairs)
            ).astype(np.float32)
            for period, chosen in within.items()
        },
        counts={period: count(chosen) for period, chosen in within.items()},
        later={"early": count(within["before"] & ~within["early"]), "before": count(~within["before"])},
        days={period: {PURCHASE: last[period], CART: nothing, VIEW: nothing} for period in PERIODS},
    )
    names = np.array([f"i{item:03}" for item in range(ITEMS)])
    people = np.array([f"u{user:04}" for user in range(USERS)])
    segments = np.array([f"s{segment}" for segment in shop.segments])
    groups = np.array([f"c{category:02}" for category in (shop.categories if categories is None else categories)])
    recent = {period: within[period] & (purchases.ages < end + 28) for period, end in ends.items()}
    return TrainingSet(
        run_date=RUN_DATE,
        cutoff=RUN_DATE - dt.timedelta(days=HOLDOUT),
        user_ids=people,
        segments=segments,
        item_ids=names,
        titles=names,
        categories=np.array([f"c{category:02}" for category in shop.categories]),
        prices=np.ones(ITEMS),
        in_stock=np.ones(ITEMS, bool),
        first_seen_on=np.datetime64(RUN_DATE, "D") - shop.first_ages,
        buyers={period: _buyers(keys[chosen]) for period, chosen in recent.items()},
        interactions=interactions,
        user_features=_features("user_id", people, segments),
        item_features=_features("item_id", names, groups),
        popularity={period: _popularity(_buyers(keys[chosen])) for period, chosen in recent.items()},
    )


def _least(ages: Indices, where: Indices, chosen: Bools, n: int) -> Indices:
    least = np.full(n, DAYS)
    np.minimum.at(least, where[chosen], ages[chosen])
    return least


def _buyers(keys: Indices) -> np.ndarray:
    return np.bincount(np.unique(keys) % ITEMS, minlength=ITEMS).astype(np.float32)


def _popularity(buyers: np.ndarray) -> dict[str, SegmentPopularity]:
    ranked = np.lexsort((np.arange(ITEMS), -buyers))
    order: Integers = ranked[buyers[ranked] > 0].astype(np.int32)
    return {EVERYBODY: SegmentPopularity(order, buyers[order])}


def _features(identity: str, ids: Strings, kinds: Strings) -> FeatureMatrix:
    rows = np.arange(len(ids), dtype=np.int32)
    return feature_matrix(identity, ids, rows=rows, features=kinds, weights=np.ones(len(ids), np.float32))


def shuffled(purchases: Purchases, random: np.random.Generator) -> Purchases:
    """Return the purchases with other items: whose label is whose is lost."""
    return replace(purchases, items=random.permutation(purchases.items))
