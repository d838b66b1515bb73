"""A day's events as counts: what the watch keeps of them, however many there were.

The same counts stand in a training set's manifest for each day of its reference (written by Spark,
`include.features.reference`), so a day is compared with days and not with an average of weekdays and Sundays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from include import columns as c
from include.types import Bools, Doubles, Positions

Histograms = dict[str, dict[str, int]]

UNKNOWN = "unknown"
KNOWN, NEW = "known", "new"
PRICE_STEPS = 2  # bins a doubling of the price, as in the reference
MISSING, NEW_CODE = -1, -2
COLUMNS = (c.EVENT_TYPE, c.CATEGORY, c.PRICE, c.SEGMENT, c.USER_ID)

# An account is heavy beyond this multiple of what the busiest percent of the accounts does
HEAVY_QUANTILE, HEAVY_FACTOR, HEAVY_LEAST = 0.99, 1.4, 20


@dataclass(frozen=True)
class Profile:
    """Counts of one day or of several.

    Attributes
    ----------
    rows
        Number of events.
    histograms
        Column to value to count; what is missing counts as "unknown".
    new_users, new_items
        Events of users and of items that the training set does not know; None where that is not known.
    heavy
        Events of accounts that do many times what busy people do; they are in no histogram. None as above.
    """

    rows: int
    histograms: Histograms
    new_users: int | None = None
    new_items: int | None = None
    heavy: int | None = None

    def missing_share(self, column: str) -> float:
        """Return the share of rows in which `column` is missing."""
        histogram = self.histograms.get(column, {})
        total = sum(histogram.values())
        return histogram.get(UNKNOWN, 0) / total if total else 0.0

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if value is not None}


def from_histograms(histograms: Mapping[str, Mapping[str, int]]) -> Profile:
    """Return the profile of a reference day; each event has one event type."""
    kept = {name: dict(values) for name, values in histograms.items()}
    return Profile(sum(kept.get(c.EVENT_TYPE, {}).values()), kept)


def merge(profiles: Iterable[Profile]) -> Profile:
    """Return the counts of several days together."""
    rows, sums = 0, {name: Counter[str]() for name in COLUMNS}
    for profile in profiles:
        rows += profile.rows
        for name, histogram in profile.histograms.items():
            sums.setdefault(name, Counter()).update(histogram)
    return Profile(rows, {name: dict(counter) for name, counter in sums.items()})


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
    event_types, categories, segments
        Names of the codes.
    item_categories, user_segments
        (n_items,) and (n_users,) positions in `categories` and `segments`, -1 where unknown.
    heavy
        (n_accounts,) accounts to set aside, by user code.
    """

    event_types: tuple[str, ...]
    categories: tuple[str, ...]
    segments: tuple[str, ...]
    item_categories: Positions
    user_segments: Positions
    heavy: Bools
    _rows: int = 0
    _new_users: int = 0
    _new_items: int = 0
    _heavy_rows: int = 0
    _counts: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in COLUMNS})

    def add(self, kinds: Positions, users: Positions, items: Positions, prices: Doubles) -> None:
        """Count events.

        Parameters
        ----------
        kinds, users, items
            Codes: positions, MISSING (-1), and for users and items NEW_CODE (-2) where the training set lacks them.
        prices
            NaN where missing.
        """
        self._rows += len(kinds)
        known = (users >= 0) & (users < len(self.heavy))
        people = ~(known & self.heavy[np.where(known, users, 0)]) if len(self.heavy) else np.ones(len(kinds), bool)
        self._heavy_rows += int((~people).sum())
        kinds, users, items, prices = kinds[people], users[people], items[people], prices[people]
        self._new_users += int((users == NEW_CODE).sum())
        self._new_items += int((items == NEW_CODE).sum())
        self._count(c.EVENT_TYPE, kinds, self.event_types)
        self._count(c.CATEGORY, _look_up(self.item_categories, items), self.categories)
        self._count(c.SEGMENT, _look_up(self.user_segments, users), self.segments)
        self._count(c.USER_ID, np.where(users == MISSING, MISSING, 0), (KNOWN,))
        edges, inverse = np.unique(price_bins(prices), return_inverse=True)
        names = tuple(UNKNOWN if np.isnan(edge) else f"{2.0 ** (edge / PRICE_STEPS):.4f}" for edge in edges)
        self._count(c.PRICE, inverse, names)

    def profile(self) -> Profile:
        """Return what was counted."""
        histograms = {name: dict(counter) for name, counter in self._counts.items()}
        return Profile(self._rows, histograms, self._new_users, self._new_items, self._heavy_rows)

    def _count(self, column: str, codes: Positions, names: tuple[str, ...]) -> None:
        found = np.bincount(np.where(codes < 0, len(names), codes), minlength=len(names) + 1)
        counter = self._counts[column]
        for name, count in zip((*names, UNKNOWN), found.tolist(), strict=True):
            if count:
                counter[name] += count


def price_bins(prices: Doubles) -> Doubles:
    """Return the number of the bin of each price, NaN for a price that is missing or not positive."""
    with np.errstate(divide="ignore", invalid="ignore"):
        bins: Doubles = np.floor(np.log2(np.where(prices > 0, prices, np.nan)) * PRICE_STEPS)
    return bins


def _look_up(table: Positions, codes: Positions) -> Positions:
    found: Positions = np.where(codes >= 0, np.append(table, MISSING)[np.where(codes >= 0, codes, -1)], MISSING)
    return found
