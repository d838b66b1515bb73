"""Has the data moved? A day's events against the reference that is stored with the training set.

Weekdays are compared with the same weekdays, where the reference has enough of them. The reference's own days
say how far apart ordinary days are: with many rows every p-value is tiny, with few every distance is large.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from include import columns as c
from include.drift_policy import DriftPolicy
from include.monitoring.distances import adjust, compare_categories, compare_numbers
from include.monitoring.profile import UNKNOWN, Profile, merge

SAME_WEEKDAYS = 3
LEAST_REFERENCE_DAYS = 7
NUMBERS = (c.PRICE,)
MISSING = (c.USER_ID, c.PRICE)
WORSE_THAN_WORST = 0.02  # a share that the reference knows from one of its days is no news

Reference = Mapping[dt.date, Profile]


@dataclass(frozen=True)
class ColumnDrift:
    """How far one column is from the reference.

    Attributes
    ----------
    distance
        Jensen-Shannon distance, of numbers the Kolmogorov-Smirnov distance.
    usual
        The same distance of the reference's days from each other: their mean.
    p_value
        Corrected for the number of columns.
    details
        The other statistics: psi, new_share, wasserstein, jensen_shannon.
    """

    column: str
    distance: float
    usual: float
    p_value: float
    moved: bool
    details: dict[str, float]


@dataclass(frozen=True)
class DataDrift:
    """What the day's data say.

    Attributes
    ----------
    volume
        Events relative to what the weekday usually has; NaN without a reference.
    missing
        Column to the rise of its missing share over the reference.
    broken, moved
        Sentences: why the feed is broken, and what moved.
    heavy_share, new_user_share, new_item_share
        Of the day's events.
    """

    rows: int
    volume: float
    missing: dict[str, float]
    columns: list[ColumnDrift]
    broken: list[str]
    moved: list[str]
    heavy_share: float
    new_user_share: float
    new_item_share: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> DataDrift:
        """Return what `as_json` gave."""
        return cls(**{**values, "columns": [ColumnDrift(**column) for column in values["columns"]]})


def detect(day: dt.date, today: Profile, reference: Reference, policy: DriftPolicy) -> DataDrift:
    """Compare a day with the reference's days."""
    alike = same_weekdays(day, reference)
    then = merge(reference[one] for one in alike)
    volume = (today.rows - (today.heavy or 0)) / (then.rows / len(alike)) if then.rows else float("nan")
    missing = {name: today.missing_share(name) - then.missing_share(name) for name in MISSING} if alike else {}
    worst = {name: max(one.missing_share(name) for one in reference.values()) for name in missing}
    news = {name: today.missing_share(name) > worst[name] + WORSE_THAN_WORST for name in missing}
    broken = _broken(today.rows, volume, {name: rise for name, rise in missing.items() if news[name]}, policy)
    columns = [] if today.rows < policy.data.min_rows else _columns(today, then, alike, reference, policy)
    rows = max(today.rows, 1)
    shares = (today.new_users or 0) / rows, (today.new_items or 0) / rows
    moved = [
        f"{column.column} is {column.distance:.3f} from the reference, "
        f"{column.distance / column.usual:.1f} times the usual"
        for column in columns
        if column.moved
    ]
    moved += [
        f"{share:.0%} of the events are of {what} that the training set does not know"
        for what, share in zip(("users", "items"), shares, strict=True)
        if share > policy.data.max_new_share and today.rows >= policy.data.min_rows
    ]
    return DataDrift(today.rows, volume, missing, columns, broken, moved, (today.heavy or 0) / rows, *shares)


def reference_days(
    reference: Reference, retrained: dt.date | None, held: Collection[dt.date] = ()
) -> dict[dt.date, Profile]:
    """Return the days to compare with: none on hold, and after a retrain only those after it, once they are a week."""
    whole = {day: profile for day, profile in reference.items() if day not in held}
    later = {day: profile for day, profile in whole.items() if retrained is not None and day > retrained}
    return later if len(later) >= LEAST_REFERENCE_DAYS else whole


def same_weekdays(day: dt.date, reference: Reference) -> list[dt.date]:
    """Return the reference's days of the same weekday, all of its days when those are too few."""
    same = [one for one in reference if one.weekday() == day.weekday()]
    return same if len(same) >= SAME_WEEKDAYS else list(reference)


def _broken(rows: int, volume: float, missing: Mapping[str, float], policy: DriftPolicy) -> list[str]:
    feed = policy.feed
    found = [
        f"{name} is missing in {rise:.0%} more of the events than in the reference"
        for name, rise in missing.items()
        if rise > feed.max_missing_rise
    ]
    if rows < feed.min_rows:
        found.append(f"{rows} events, fewer than {feed.min_rows}")
    elif volume < feed.min_volume or volume > feed.max_volume:
        found.append(
            f"{rows} events are {volume:.2f} times what that weekday has, "
            f"outside {feed.min_volume:g} to {feed.max_volume:g}"
        )
    return found


def _columns(
    today: Profile, then: Profile, alike: Sequence[dt.date], reference: Reference, policy: DriftPolicy
) -> list[ColumnDrift]:
    found = {}
    for name in policy.data.min_distance:
        a, b = _values(then, name), _values(today, name)
        distance = _distance(name, a, b)
        if distance is not None:
            usual = _usual(name, tuple(_values(reference[one], name) for one in alike))
            found[name] = (*distance, usual, _details(name, a, b))
    adjusted = adjust([p_value for _, p_value, _, _ in found.values()])
    columns = []
    for (name, (distance_now, _, usual, details)), p_value in zip(found.items(), adjusted, strict=True):
        moved = (
            distance_now >= policy.data.min_distance[name]
            and distance_now >= policy.data.times_usual * usual
            and p_value <= policy.data.false_discoveries
        )
        columns.append(ColumnDrift(name, distance_now, usual, p_value, moved, details))
    return columns


def _values(profile: Profile, name: str) -> dict[str, int]:
    """Return a column's counts without the missing ones, which are the feed's matter."""
    return {value: count for value, count in profile.histograms.get(name, {}).items() if value != UNKNOWN}


def _distance(name: str, then: Mapping[str, int], now: Mapping[str, int]) -> tuple[float, float] | None:
    if name in NUMBERS:
        numbers = compare_numbers(then, now)
        return None if numbers is None else (numbers.ks, numbers.p_value)
    categories = compare_categories(then, now)
    return None if categories is None else (categories.jensen_shannon, categories.p_value)


def _details(name: str, then: Mapping[str, int], now: Mapping[str, int]) -> dict[str, float]:
    details: dict[str, float] = {}
    categories = compare_categories(then, now)
    if categories is not None:
        details = {
            "jensen_shannon": categories.jensen_shannon,
            "psi": categories.psi,
            "new_share": categories.new_share,
        }
    numbers = compare_numbers(then, now) if name in NUMBERS else None
    return details if numbers is None else {**details, "wasserstein": numbers.wasserstein}


def _usual(name: str, days: tuple[dict[str, int], ...]) -> float:
    """Return the mean distance of each day from the others together; a small positive number without any."""
    found = []
    for place, day in enumerate(days):
        others = merge(Profile(0, {name: other}) for n, other in enumerate(days) if n != place)
        distance = _distance(name, others.histograms[name], day)
        if distance is not None:
            found.append(distance[0])
    return max(float(np.mean(found)), 1e-6) if found else 1e-6
