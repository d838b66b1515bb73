"""The training set as arrays: what training, evaluation and scoring read.

`build` (Spark) writes it, `load_training_set` reads it. There are three periods: ``all`` ends with the run date,
``before`` with the cutoff day (the run date less the holdout), ``early`` as many days before that: what a night chooses
by itself, it chooses on the days between the two. An event weighs less the longer before the end it was.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from scipy import sparse

from include import columns as c
from include.errors import MissingArtifactError, ValidationError
from include.features.matrix import FeatureMatrix, feature_matrix
from include.features.snapshot import EVENT_DAYS, Period, SegmentPopularity, Snapshot, last_days
from include.types import Bools, Days, Doubles, Floats, Integers, Strings

if TYPE_CHECKING:
    from include.lake.artifacts import Artifact

USER_FEATURES = "user_features"
ITEM_FEATURES = "item_features"
INTERACTIONS = "interactions"
POPULARITY = "popularity"
INTERACTION_COLUMNS = (
    *[c.of_period(name, period) for name in (c.WEIGHT, c.N, *EVENT_DAYS.values()) for period in c.PERIODS],
    c.N_AFTER_EARLY,
    c.N_AFTER,
)
SUBFOLDERS = (c.USERS, c.ITEMS, INTERACTIONS, USER_FEATURES, ITEM_FEATURES, POPULARITY)


@dataclass(frozen=True)
class Interactions:
    """One entry for each pair of a user and an item, sorted by user, then item.

    Attributes
    ----------
    users, items
        int32 positions.
    weights
        By period, float32 decayed event weights; 0 where the period has none or a return undid them.
    counts
        By period, int32 target events up to its end; 0 where a return undid them.
    later
        By period, int32 target events between its end and that of the next; 0 where a return undid them.
    days
        By period and event type, datetime64[D] of the last event (purchase: the last target event); NaT where there is
        none or a return undid it.
    """

    users: Integers
    items: Integers
    weights: Mapping[str, Floats]
    counts: Mapping[str, Integers]
    later: Mapping[str, Integers]
    days: Mapping[str, Mapping[str, Days]]


@dataclass(frozen=True)
class TrainingSet:
    """Everything that one night knows of users and items, in arrays.

    Attributes
    ----------
    run_date, cutoff
        The last day of the period ``all``, and of ``before``; that of ``early`` is as many days before the cutoff.
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
    buyers
        By period, (n_items,) float32 recent buyers up to its end.
    interactions
        Pairs of users and items.
    user_features, item_features
        Identity and side features, each row's weights summing to 1.
    popularity
        By period, the same by segment, "everybody" among them.
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
    buyers: Mapping[str, Floats]
    interactions: Interactions
    user_features: FeatureMatrix
    item_features: FeatureMatrix
    popularity: Mapping[str, Mapping[str, SegmentPopularity]]

    @property
    def n_users(self) -> int:
        return len(self.user_ids)

    @property
    def n_items(self) -> int:
        return len(self.item_ids)

    def at(self, period: Period) -> Snapshot:
        """Return what was known at the end of a period."""
        pairs = self.interactions
        counts, days = pairs.counts[period], pairs.days[period]
        return Snapshot(
            period=period,
            day=self.last_day(period),
            history=self.matrix(period),
            bought=self._pairs(counts > 0, counts.astype(np.float32)),
            bought_on=days[c.PURCHASE][counts > 0],
            last={event: last_days(pairs.users, pairs.items, each) for event, each in days.items()},
            popularity=self.buyers[period],
            segment_popularity=self.popularity[period],
            segments=self.segments,
            user_features=self.user_features,
            item_features=self.item_features,
        )

    def last_day(self, period: Period) -> dt.date:
        """Return the day that a period ends with."""
        early = self.cutoff - (self.run_date - self.cutoff)
        return {c.EARLY: early, c.BEFORE: self.cutoff, c.ALL: self.run_date}[period]

    def matrix(self, period: Period) -> sparse.csr_matrix:
        """Return the weights of a period: (n_users, n_items) float32 CSR without stored zeros."""
        weights = self.interactions.weights[period]
        return self._pairs(weights > 0, weights)

    def seen(self, period: Period = "all") -> sparse.csr_matrix:
        """Return what users bought in a period and did not bring back: (n_users, n_items) bool CSR."""
        return self._pairs(self.interactions.counts[period] > 0)

    def targets(self, period: Period = "before", *, repeats: bool = False) -> sparse.csr_matrix:
        """Return what users bought between the end of a period and that of the next: (n_users, n_items) bool CSR.

        Parameters
        ----------
        period
            "before": the holdout; "early": the days from which the night's own choices are learned.
        repeats
            Whether what they had bought before counts.
        """
        new = self.interactions.later[period] > 0
        return self._pairs(new if repeats else new & (self.interactions.counts[period] == 0))

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
        buyers=_by_period(items, c.POPULARITY, np.float32),
        interactions=_interactions(tables[INTERACTIONS]),
        user_features=_features(tables[USER_FEATURES], c.USER_INDEX, c.USER_ID, user_ids),
        item_features=_features(tables[ITEM_FEATURES], c.ITEM_INDEX, c.ITEM_ID, item_ids),
        popularity=_popularity(tables[POPULARITY]),
    )


def _interactions(table: pa.Table) -> Interactions:
    missing = [name for name in INTERACTION_COLUMNS if name not in table.column_names]
    if missing:
        raise MissingArtifactError(
            f"the training set was built by an older release: its interactions have no {missing[0]}",
            remedy="clear build_training_set of that night, and what follows",
        )
    table = table.sort_by([(c.USER_INDEX, "ascending"), (c.ITEM_INDEX, "ascending")])
    later = {c.EARLY: c.N_AFTER_EARLY, c.BEFORE: c.N_AFTER}
    return Interactions(
        users=_numbers(table, c.USER_INDEX, np.int32),
        items=_numbers(table, c.ITEM_INDEX, np.int32),
        weights=_by_period(table, c.WEIGHT, np.float32),
        counts=_by_period(table, c.N, np.int32),
        later={period: _numbers(table, name, np.int32) for period, name in later.items()},
        days={
            period: {event: _days(table, c.of_period(name, period)) for event, name in EVENT_DAYS.items()}
            for period in c.PERIODS
        },
    )


def _features(table: pa.Table, index: str, identity: str, ids: Strings) -> FeatureMatrix:
    return feature_matrix(
        identity,
        ids,
        rows=_numbers(table, index, np.int32),
        features=_text(table, c.FEATURE),
        weights=_numbers(table, c.WEIGHT, np.float32),
    )


def _popularity(table: pa.Table) -> dict[str, dict[str, SegmentPopularity]]:
    segments, items = _text(table, c.SEGMENT), _numbers(table, c.ITEM_INDEX, np.int32)
    found: dict[str, dict[str, SegmentPopularity]] = {}
    for period, buyers in _by_period(table, c.SCORE, np.float32).items():
        found[period] = {c.EVERYBODY: SegmentPopularity(items[:0], buyers[:0])}
        order = np.lexsort((items, -buyers, segments))
        order = order[buyers[order] > 0]
        for name in np.unique(segments[order]):
            rows = order[segments[order] == name]
            found[period][str(name)] = SegmentPopularity(items[rows], buyers[rows])
    return found


def _by_period(table: pa.Table, name: str, dtype: Any) -> dict[str, Any]:
    return {period: _numbers(table, c.of_period(name, period), dtype) for period in c.PERIODS}


def _text(table: pa.Table, name: str) -> Strings:
    """Return a column; a text that ends with U+0000, which numpy would cut off, is refused."""
    values = table[name].fill_null("").to_numpy()
    if cut := next((value for value in values if value.endswith("\0")), None):
        raise ValidationError(
            f"{name} {cut!r} of the training set ends with U+0000, which the contract refuses by now",
            remedy="ingest the days before again (DAG bootstrap_history), then clear build_training_set and downstream",
        )
    return values.astype(np.str_) if len(values) else np.empty(0, dtype="U1")


def _numbers(table: pa.Table, name: str, dtype: Any) -> Any:
    return table[name].to_numpy().astype(dtype, copy=False)


def _days(table: pa.Table, name: str) -> Days:
    days: Days = table[name].cast(pa.date32()).to_numpy().astype("datetime64[D]")
    return days
