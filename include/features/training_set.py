"""The training set as arrays: what training, evaluation and scoring read.

`build` (Spark) writes it, `load_training_set` reads it. There are two periods: ``before`` ends with the cutoff day
(the run date less the holdout), ``all`` with the run date. An event weighs less the longer before the end it was.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
from scipy import sparse

from include import columns as c
from include.features.matrix import FeatureMatrix, feature_matrix
from include.types import Bools, Days, Doubles, Floats, Integers, Strings

if TYPE_CHECKING:
    from include.lake.artifacts import Artifact

Period = Literal["before", "all"]

USER_FEATURES = "user_features"
ITEM_FEATURES = "item_features"
INTERACTIONS = "interactions"
POPULARITY = "popularity"
SUBFOLDERS = (c.USERS, c.ITEMS, INTERACTIONS, USER_FEATURES, ITEM_FEATURES, POPULARITY)


@dataclass(frozen=True)
class Interactions:
    """One entry for each pair of a user and an item, sorted by user, then item.

    Attributes
    ----------
    users, items
        int32 positions.
    weight_before, weight_all
        float32 decayed event weights; 0 where the period has none or a return undid them.
    n_before, n_after
        int32 target events up to the cutoff, and after it; 0 where a return undid them.
    bought_on
        datetime64[D] of the last target event; NaT where there is none or a return undid it.
    carted_on, viewed_on
        datetime64[D] of the last event of that type; NaT where there is none.
    """

    users: Integers
    items: Integers
    weight_before: Floats
    weight_all: Floats
    n_before: Integers
    n_after: Integers
    bought_on: Days
    carted_on: Days
    viewed_on: Days


@dataclass(frozen=True)
class SegmentPopularity:
    """A segment's popular items, best first by `all`.

    Attributes
    ----------
    items
        int32 positions.
    before, all
        float32 recent buyers up to the cutoff, and up to the run date.
    """

    items: Integers
    before: Floats
    all: Floats


@dataclass(frozen=True)
class TrainingSet:
    """Everything that one night knows of users and items, in arrays.

    Attributes
    ----------
    run_date, cutoff
        The last day of the period ``all``, and of ``before``.
    user_ids, segments
        (n_users,) text, sorted by user_id; the segment is "everybody" where it is unknown.
    item_ids, titles, categories
        (n_items,) text, sorted by item_id; the category is "" where it is unknown.
    prices
        (n_items,) float64, NaN where unknown.
    in_stock
        (n_items,) bool.
    first_seen_on
        (n_items,) datetime64[D].
    popularity_before, popularity_all
        (n_items,) float32 recent buyers up to the end of the period.
    interactions
        Pairs of users and items.
    user_features, item_features
        Identity and side features, each row's weights summing to 1.
    popularity
        By segment, "everybody" among them.
    """

    run_date: dt.date
    cutoff: dt.date
    user_ids: Strings
    segments: Strings
    item_ids: Strings
    titles: Strings
    categories: Strings
    prices: Doubles
    in_stock: Bools
    first_seen_on: Days
    popularity_before: Floats
    popularity_all: Floats
    interactions: Interactions
    user_features: FeatureMatrix
    item_features: FeatureMatrix
    popularity: Mapping[str, SegmentPopularity]

    @property
    def n_users(self) -> int:
        return len(self.user_ids)

    @property
    def n_items(self) -> int:
        return len(self.item_ids)

    def matrix(self, period: Period) -> sparse.csr_matrix:
        """Return the weights of a period: (n_users, n_items) float32 CSR without stored zeros."""
        weights = self.interactions.weight_before if period == "before" else self.interactions.weight_all
        return self._pairs(weights > 0, weights)

    def seen(self, period: Period = "all") -> sparse.csr_matrix:
        """Return what users bought in a period and did not bring back: (n_users, n_items) bool CSR."""
        if period == "before":
            return self._pairs(self.interactions.n_before > 0)
        return self._pairs(~np.isnat(self.interactions.bought_on))

    def had_since(self, since: Mapping[str, dt.date]) -> sparse.csr_matrix:
        """Return what users bought, carted or viewed lately: (n_users, n_items) bool CSR.

        Parameters
        ----------
        since
            First day by event type: ``purchase`` (the target events, less what a return undid),
            ``cart``, ``view``.
        """
        last = {
            c.PURCHASE: self.interactions.bought_on,
            c.CART: self.interactions.carted_on,
            c.VIEW: self.interactions.viewed_on,
        }
        chosen = np.zeros(len(self.interactions.users), dtype=bool)
        for event, day in since.items():
            chosen |= last[event] >= np.datetime64(day, "D")  # NaT is never later
        return self._pairs(chosen)

    def targets(self) -> sparse.csr_matrix:
        """Return what the evaluation looks for: bought after the cutoff and never before, bool CSR."""
        return self._pairs((self.interactions.n_before == 0) & (self.interactions.n_after > 0))

    def _pairs(self, chosen: Bools, values: Floats | None = None) -> sparse.csr_matrix:
        data = np.ones(int(chosen.sum()), dtype=bool) if values is None else values[chosen]
        index = (self.interactions.users[chosen], self.interactions.items[chosen])
        return sparse.csr_matrix((data, index), shape=(self.n_users, self.n_items))


def load_training_set(artifact: Artifact) -> TrainingSet:
    """Read what the step `build_training_set` committed.

    Raises
    ------
    MissingArtifactError
        When a part of the training set is not in the manifest.
    """
    return training_set_from_tables(
        {name: artifact.read_table(name) for name in SUBFOLDERS},
        run_date=dt.date.fromisoformat(artifact.detail("run_date")),
        cutoff=dt.date.fromisoformat(artifact.detail("cutoff")),
    )


def training_set_from_tables(tables: Mapping[str, pa.Table], *, run_date: dt.date, cutoff: dt.date) -> TrainingSet:
    """Return the training set made of the Arrow tables named in `SUBFOLDERS`, rows in any order."""
    users = tables[c.USERS].sort_by(c.USER_INDEX)
    items = tables[c.ITEMS].sort_by(c.ITEM_INDEX)
    user_ids, item_ids = _text(users, c.USER_ID), _text(items, c.ITEM_ID)
    return TrainingSet(
        run_date=run_date,
        cutoff=cutoff,
        user_ids=user_ids,
        segments=_text(users, c.SEGMENT),
        item_ids=item_ids,
        titles=_text(items, c.TITLE),
        categories=_text(items, c.CATEGORY),
        prices=_numbers(items, c.PRICE, np.float64),
        in_stock=_numbers(items, c.IN_STOCK, np.bool_),
        first_seen_on=_days(items, c.FIRST_SEEN_ON),
        popularity_before=_numbers(items, c.POPULARITY_BEFORE, np.float32),
        popularity_all=_numbers(items, c.POPULARITY_ALL, np.float32),
        interactions=_interactions(tables[INTERACTIONS]),
        user_features=_features(tables[USER_FEATURES], c.USER_INDEX, c.USER_ID, user_ids),
        item_features=_features(tables[ITEM_FEATURES], c.ITEM_INDEX, c.ITEM_ID, item_ids),
        popularity=_popularity(tables[POPULARITY]),
    )


def _interactions(table: pa.Table) -> Interactions:
    table = table.sort_by([(c.USER_INDEX, "ascending"), (c.ITEM_INDEX, "ascending")])
    whole, weights = (c.USER_INDEX, c.ITEM_INDEX, c.N_BEFORE, c.N_AFTER), (c.WEIGHT_BEFORE, c.WEIGHT_ALL)
    days = (c.BOUGHT_ON, c.CARTED_ON, c.VIEWED_ON)
    values = {name: _numbers(table, name, np.int32) for name in whole}
    values |= {name: _numbers(table, name, np.float32) for name in weights}
    values |= {name: _days(table, name) for name in days}
    return Interactions(users=values.pop(c.USER_INDEX), items=values.pop(c.ITEM_INDEX), **values)


def _features(table: pa.Table, index: str, identity: str, ids: Strings) -> FeatureMatrix:
    return feature_matrix(
        identity,
        ids,
        rows=_numbers(table, index, np.int32),
        features=_text(table, c.FEATURE),
        weights=_numbers(table, c.WEIGHT, np.float32),
    )


def _popularity(table: pa.Table) -> dict[str, SegmentPopularity]:
    table = table.sort_by([(c.SEGMENT, "ascending"), (c.RANK, "ascending")])
    segments = _text(table, c.SEGMENT)
    items = _numbers(table, c.ITEM_INDEX, np.int32)
    before, whole = _numbers(table, c.SCORE_BEFORE, np.float32), _numbers(table, c.SCORE_ALL, np.float32)
    names, starts = np.unique(segments, return_index=True)
    bounds = zip(names, starts, np.append(starts, len(segments))[1:], strict=True)
    lists = {str(name): SegmentPopularity(items[a:b], before[a:b], whole[a:b]) for name, a, b in bounds}
    nothing = SegmentPopularity(items[:0], before[:0], whole[:0])
    return {c.EVERYBODY: nothing, **lists}


def _text(table: pa.Table, name: str) -> Strings:
    values = table[name].fill_null("").to_numpy()
    return values.astype(np.str_) if len(values) else np.empty(0, dtype="U1")


def _numbers(table: pa.Table, name: str, dtype: Any) -> Any:
    return table[name].to_numpy().astype(dtype, copy=False)


def _days(table: pa.Table, name: str) -> Days:
    days: Days = table[name].cast(pa.date32()).to_numpy().astype("datetime64[D]")
    return days
