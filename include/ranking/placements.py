"""Placements: further lists of the same users, chosen from one ranking of the catalogue.

The users' ranking for home is computed once, somewhat longer than any placement needs. A placement goes down it and
takes what its own rules allow. What the ranking cannot answer is ranked for itself: boosted items, whose scores differ,
and the few users whose ranking ends before their list is full. So every list is exactly what ranking the placement's
candidates alone would give.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy import sparse

from include.errors import ConfigurationError
from include.features import TrainingSet
from include.model.factors import Factors
from include.placement_policy import Boost, Candidates
from include.policy import Policy
from include.ranking.compose import Composed, by_group, pinned_items, take
from include.ranking.kernel import TopN, choose, merge, rerank, top_n
from include.ranking.rules import Profile, Rules, first_days_seen, fresh_boost, make_rules
from include.types import NOTHING, Bools, Days, Floats, Indices, Integers

SURPLUS = 3
"""Times N: what is fetched, because caps pass over some."""


@dataclass(frozen=True)
class Placement:
    """What holds at one placement.

    Attributes
    ----------
    rules
        Of its candidates.
    added
        (n_items,) float32: what its items' scores have more than at home.
    favourites
        Only the user's so many favourite categories; 0: any.
    since
        First days by event type, see `Snapshot.had_since`; None: as at home.
    fallback
        home, popular or none.
    """

    name: str
    rules: Rules
    added: Floats
    favourites: int
    since: Mapping[str, Days] | None
    fallback: str


class Asked(NamedTuple):
    """Users of one profile that the model knows, and their ranking for home.

    Attributes
    ----------
    favourites
        (n_users, k) category numbers, see `favourite_categories`; no column where any category will do.
    first
        The best of the items of `ranked`, (n_items,) bool.
    """

    users: Factors
    exclude: sparse.csr_matrix | None
    own: sparse.csr_matrix | None
    favourites: Integers
    first: TopN
    ranked: Bools

    def rows(self, rows: Indices) -> Asked:
        """Return some of the users."""
        exclude, own = (None if each is None else each[rows] for each in (self.exclude, self.own))
        first = TopN(self.first.items[rows], self.first.scores[rows])
        return Asked(take(self.users, rows), exclude, own, self.favourites[rows], first, self.ranked)


def make_placements(policy: Policy, training_set: TrainingSet, day: dt.date) -> tuple[Placement, ...]:
    """Return the policy's placements for a night.

    Raises
    ------
    ConfigurationError
        When candidates name an attribute that is no feature of the items.
    """
    seen_at_home = first_days_seen(policy.ranking, training_set.categories, day)
    boost_at_home = fresh_boost(training_set.first_seen_on, day, policy.ranking)
    made = []
    for name, placement in policy.placements.items():
        ranking = policy.ranking_of(name)
        rules = make_rules(
            ranking,
            item_ids=training_set.item_ids,
            categories=training_set.categories,
            in_stock=training_set.in_stock,
            first_seen_on=training_set.first_seen_on,
            run_date=day,
        )
        since = first_days_seen(ranking, training_set.categories, day)
        added = fresh_boost(training_set.first_seen_on, day, ranking) - boost_at_home
        made.append(
            Placement(
                name=name,
                rules=_restrict(rules, candidates(placement.candidates, training_set)),
                added=(added + _boosts(placement.boost, training_set)).astype(np.float32),
                favourites=placement.candidates.favourite_categories or 0,
                since=None if _equal(since, seen_at_home) else since,
                fallback=placement.fallback,
            )
        )
    return tuple(made)


def candidates(wanted: Candidates, training_set: TrainingSet) -> Bools:
    """Return what may be in a placement's lists: (n_items,) bool."""
    there = np.ones(training_set.n_items, dtype=bool)
    if wanted.items or wanted.categories:
        there &= np.isin(training_set.item_ids, wanted.items) | np.isin(training_set.categories, wanted.categories)
    for name, values in wanted.attributes.items():
        there &= _carries(training_set, name, values)
    if wanted.min_price is not None:
        there &= training_set.prices >= wanted.min_price  # not where the price is unknown
    if wanted.max_price is not None:
        there &= training_set.prices <= wanted.max_price
    return there


def favourite_categories(history: sparse.csr_matrix, categories: Integers, most: int) -> Integers:
    """Return each user's categories with the most weight in the history: (n_users, most) int32, -1 where none is left.

    Equal ones come in the order of their numbers.
    """
    count = int(categories.max(initial=NOTHING)) + 1
    known = np.flatnonzero(categories != NOTHING)
    groups = sparse.csr_matrix(
        (np.ones(len(known), np.float32), (known, categories[known])), shape=(len(categories), max(count, 1))
    )
    if not most:
        return np.empty((history.shape[0], 0), dtype=np.int32)
    weights = np.asarray((history @ groups).todense(), dtype=np.float32)
    order = np.argsort(-weights, axis=1, kind="stable")[:, :most].astype(np.int32)
    chosen = np.where(np.take_along_axis(weights, order, axis=1) > 0, order, np.int32(NOTHING))
    return np.pad(chosen, ((0, 0), (0, most - chosen.shape[1])), constant_values=NOTHING)


def place(placement: Placement, asked: Asked, items: Factors, profile: Profile) -> Composed:
    """Return the users' lists at a placement.

    Parameters
    ----------
    items
        As at home, without what the placement adds.
    profile
        The placement's, of the segment of all these users.
    """
    rules = placement.rules
    own_items = replace(items, biases=items.biases + placement.added)
    shared = profile.ranked & asked.ranked & (placement.added == 0)
    found, bounds = choose(asked.first, shared, rules.categories, asked.favourites)
    apart = profile.ranked & ~shared
    if apart.any():
        best = top_n(asked.users, own_items, SURPLUS * rules.top_n, exclude=asked.exclude, own=asked.own, allowed=apart)
        found, bounds = _join(found, bounds, *choose(best, apart, rules.categories, asked.favourites))
    pinned = pinned_items(asked.users, own_items, profile, asked.exclude, asked.own)
    lists, ahead = _rerank(pinned, found, rules)
    there = lists.items != NOTHING
    short = there.sum(axis=1) < rules.top_n
    if rules.min_new:
        short |= (rules.is_new[lists.items] & there).sum(axis=1) < rules.min_new
    again = np.flatnonzero((bounds > -np.inf) & short)
    if len(again):
        part = _rank_alone(asked.rows(again), own_items, rules, profile)
        some = TopN(pinned.items[again], pinned.scores[again])
        (lists.items[again], lists.scores[again]), _ = _rerank(some, part, rules)
    return Composed(lists.items, lists.scores, ahead)


def _rerank(pinned: TopN, found: TopN, rules: Rules) -> tuple[TopN, Integers]:
    nothing = TopN.empty(len(found.items), 0)
    lists, ahead, _ = rerank(
        pinned, found, False, nothing, rules.categories, rules.is_new, rules.top_n, rules.cap, rules.min_new
    )
    return lists, ahead


def _join(first: TopN, first_bounds: Floats, second: TopN, second_bounds: Floats) -> tuple[TopN, Floats]:
    """Return two rankings of different items as one, as far as both are known.

    At the score where one may go on, its unknown items may come before the other's.
    """
    bounds = np.maximum(first_bounds, second_bounds)
    for ranking in (first, second):
        beyond = ranking.scores <= bounds[:, None]
        ranking.items[beyond], ranking.scores[beyond] = NOTHING, -np.inf
    return merge(first, second, first.items.shape[1] + second.items.shape[1]), bounds


def _rank_alone(asked: Asked, items: Factors, rules: Rules, profile: Profile) -> TopN:
    """Return, best first, all that reranking could take of the placement's candidates."""
    best = TopN.empty(len(asked.users.biases), 2 * SURPLUS * rules.top_n)
    picky = (asked.favourites != NOTHING).any(axis=1)
    for rows, favourites in ((np.flatnonzero(picky), asked.favourites[picky]), (np.flatnonzero(~picky), None)):
        if len(rows):
            some = asked.rows(rows)
            found = by_group(some.users, items, rules, profile.ranked, some.exclude, some.own, favourites)
            width = found.items.shape[1]
            best.items[rows, :width], best.scores[rows, :width] = found
    return best


def fill(lists: Composed, rows: Indices, more: Integers, users: Factors, items: Factors) -> None:
    """Put what `more` (n_rows, k) has and a list has not at the end of the lists of `rows`, in its order.

    The scores there are the model's, so they need not fall.
    """
    n = lists.items.shape[1]
    for row, length, offered in zip(rows, lists.lengths[rows], more, strict=True):
        new = offered[(offered != NOTHING) & ~np.isin(offered, lists.items[row])][: n - length]
        places = slice(length, length + len(new))
        lists.items[row, places] = new
        scores = items.vectors[new] @ users.vectors[row] + items.biases[new] + users.biases[row]
        lists.scores[row, places] = scores


def _restrict(rules: Rules, there: Bools) -> Rules:
    """Return the rules with only some items allowed."""
    return replace(
        rules,
        common=Profile(rules.common.allowed & there, rules.common.pinned),
        profiles={
            segment: Profile(profile.allowed & there, profile.pinned) for segment, profile in rules.profiles.items()
        },
    )


def _boosts(boost: Boost, training_set: TrainingSet) -> Floats:
    added = np.zeros(training_set.n_items, dtype=np.float32)
    for names, values in ((training_set.categories, boost.categories), (training_set.item_ids, boost.items)):
        for name, value in values.items():
            added[names == name] += value
    return added


def _carries(training_set: TrainingSet, name: str, values: tuple[str, ...]) -> Bools:
    known, carriers = training_set.item_features.values(name)
    if not len(known):
        raise ConfigurationError(
            f"a placement's candidates name the attribute {name!r}, which no item has as a feature",
            remedy=f"add attribute:{name} to features.item_features of the policy, or correct the name",
        )
    wanted = np.flatnonzero(np.isin(known, values))
    carried: Bools = np.diff(carriers[:, wanted].tocsr().indptr) > 0
    return carried


def _equal(first: Mapping[str, Days], second: Mapping[str, Days]) -> bool:
    return first.keys() == second.keys() and all(
        np.array_equal(first[event], second[event], equal_nan=True) for event in first
    )
