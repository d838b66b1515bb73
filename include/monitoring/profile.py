"""A day's events as counts: what the watch keeps of them, however many there were.

The same counts stand in a training set's manifest for each day of its reference (written by Spark,
`include.features.reference`), so that a day is compared with days and not with an average of weekdays and Sundays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include import columns as c
from include.features import signals
from include.features.signals import UNKNOWN, Signal
from include.monitoring.positions import NEW, find_positions
from include.types import Bools, Positions

Histograms = Mapping[str, Mapping[str, int]]

# An account is heavy beyond this multiple of what the busiest percent of the accounts does
HEAVY_QUANTILE, HEAVY_FACTOR, HEAVY_LEAST = 0.99, 1.4, 20


@dataclass(frozen=True)
class DataProfile:
    """Counts of one day or of several.

    Attributes
    ----------
    rows
        Number of events.
    histograms
        Signal to value to count; what is missing counts as "unknown".
    new_users, new_items
        Events of users and of items that the training set does not know; 0 for days of a reference.
    heavy
        Events of accounts that do many times what busy people do; they are in no histogram. 0 as above.
    """

    rows: int
    histograms: Histograms
    new_users: int = 0
    new_items: int = 0
    heavy: int = 0

    def missing_share(self, name: str) -> float:
        """Return the share of the events in which a signal is missing."""
        histogram = self.histograms.get(name, {})
        total = sum(histogram.values())
        return histogram.get(UNKNOWN, 0) / total if total else 0.0


def from_histograms(histograms: Histograms) -> DataProfile:
    """Return the profile of a reference day; each event has one event type."""
    return DataProfile(sum(histograms.get(c.EVENT_TYPE, {}).values()), histograms)


def merge(profiles: Iterable[DataProfile]) -> DataProfile:
    """Return the counts of several days together."""
    rows, sums = 0, {signal.name: Counter[str]() for signal in signals.SIGNALS}
    for profile in profiles:
        rows += profile.rows
        for name, histogram in profile.histograms.items():
            sums.setdefault(name, Counter()).update(histogram)
    return DataProfile(rows, {name: dict(counter) for name, counter in sums.items()})


def heavy_accounts(events: Positions) -> Bools:
    """Tell which accounts do many times what busy people do.

    Parameters
    ----------
    events
        (n_accounts,) events of the day; those without any are not looked at.

    Returns
    -------
    (n_accounts,) bool.
    """
    active = events[events > 0]
    if not len(active):
        return np.zeros(len(events), dtype=bool)
    limit = max(HEAVY_LEAST, HEAVY_FACTOR * float(np.quantile(active, HEAVY_QUANTILE)))
    heavy: Bools = events > limit
    return heavy


@dataclass
class Profiler:
    """Counts events as they come, in memory that does not grow with their number.

    Parameters
    ----------
    users, items
        The columns that signals are made of, (n_users,) and (n_items,) rows in order of positions.
    heavy
        (n_accounts,) accounts to set aside, by the user's position.
    """

    users: pa.Table
    items: pa.Table
    heavy: Bools
    _values: dict[str, pa.Array] = field(init=False)
    _counts: dict[str, Counter[str]] = field(init=False)
    _totals: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        tables = {c.USERS: self.users, c.ITEMS: self.items}
        self._counts = {signal.name: Counter() for signal in signals.SIGNALS}
        self._values = {
            signal.name: signal.in_arrow(*(tables[signal.table][name].combine_chunks() for name in signal.columns))
            for signal in signals.SIGNALS
            if signal.table in tables
        }

    def add(self, events: pa.RecordBatch, users: Positions, items: Positions) -> None:
        """Count events.

        Parameters
        ----------
        events
            With the events' columns that signals are made of.
        users, items
            (n_events,) positions, see `include.monitoring.positions`.
        """
        self._totals["rows"] += events.num_rows
        people = ~self._is_heavy(users)
        if not people.all():
            events, users, items = events.filter(pa.array(people)), users[people], items[people]
        self._totals["heavy"] += int((~people).sum())
        self._totals["new_users"] += int((users == NEW).sum())
        self._totals["new_items"] += int((items == NEW).sum())
        positions = {c.USERS: users, c.ITEMS: items}
        for signal in signals.SIGNALS:
            if signal.table in positions:
                places = positions[signal.table]
                self._count(signal, self._values[signal.name].take(pa.array(places, mask=places < 0)))
            else:
                self._count(signal, signal.in_arrow(*(events[name] for name in signal.columns)))

    def profile(self) -> DataProfile:
        """Return what was counted."""
        totals = {name: self._totals[name] for name in ("rows", "new_users", "new_items", "heavy")}
        return DataProfile(histograms={name: dict(counter) for name, counter in self._counts.items()}, **totals)

    def _is_heavy(self, users: Positions) -> Bools:
        heavy = np.append(self.heavy, False)
        found: Bools = heavy[np.where((users >= 0) & (users < len(self.heavy)), users, len(self.heavy))]
        return found

    def _count(self, signal: Signal, values: pa.Array) -> None:
        counter = self._counts[signal.name]
        for entry in pc.value_counts(values).to_pylist():
            counter[signal.label(entry["values"])] += entry["counts"]


def event_columns() -> list[str]:
    """Return the columns of the events that `profile_events` needs."""
    return list(dict.fromkeys([c.USER_ID, c.ITEM_ID, *signals.columns_of(c.EVENTS)]))


def profile_events(batches: Iterable[pa.RecordBatch], users: pa.Table, items: pa.Table, heavy: Bools) -> DataProfile:
    """Return the counts of a day's events; those of `heavy` accounts are counted apart.

    Parameters
    ----------
    batches
        With the columns of `event_columns`.
    users, items
        The training set's, in its order: the identifier and the columns that signals are made of.
    """
    profiler = Profiler(users, items, heavy)
    user_ids, item_ids = users[c.USER_ID].combine_chunks(), items[c.ITEM_ID].combine_chunks()
    for batch in batches:
        profiler.add(batch, find_positions(batch[c.USER_ID], user_ids), find_positions(batch[c.ITEM_ID], item_ids))
    return profiler.profile()
