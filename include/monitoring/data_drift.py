"""Has the data moved? A day's events against the reference that is stored with the training set.

Weekdays are compared with the same weekdays, where the reference has enough of them, and days that the policy knows
by name (Black Friday, a closed day) with nothing. The reference's own days say how far apart ordinary days are: with
many rows every p-value is tiny, with few every distance is large.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from pydantic import TypeAdapter

from include.drift_policy import DriftPolicy, FeedPolicy
from include.errors import ConfigurationError
from include.features import signals
from include.features.signals import OTHER, UNKNOWN, Signal, fold
from include.monitoring.distances import adjust, compare_categories, compare_numbers
from include.monitoring.profile import DataProfile, merge

SAME_WEEKDAYS = 3
LEAST_REFERENCE_DAYS = 7
WORSE_THAN_WORST = 0.02  # a share that the reference knows from one of its days is no news

Reference = Mapping[dt.date, DataProfile]


@dataclass(frozen=True)
class ColumnDrift:
    """How far one signal is from the reference.

    Attributes
    ----------
    distance
        Jensen-Shannon distance, of numbers the Kolmogorov-Smirnov distance.
    usual
        The same distance of the reference's days from each other: their mean.
    p_value
        Corrected for the number of signals.
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
        Events relative to what the weekday usually has; None where the reference has no such weekday.
    missing
        Signal to the rise of its missing share over the reference.
    broken, moved
        Sentences: why the feed is broken, and what moved.
    heavy_share, new_user_share, new_item_share
        Of the day's events.
    known_day
        What the policy calls a day that is like no other; None for ordinary days.
    """

    rows: int
    volume: float | None
    missing: dict[str, float]
    columns: list[ColumnDrift]
    broken: list[str]
    moved: list[str]
    heavy_share: float
    new_user_share: float
    new_item_share: float
    known_day: str | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> DataDrift:
        """Return what `as_json` gave."""
        return TypeAdapter(cls).validate_python(values)


def detect(day: dt.date, today: DataProfile, reference: Reference, policy: DriftPolicy) -> DataDrift:
    """Compare a day with the days of the reference, see `reference_days`.

    Raises
    ------
    ConfigurationError
        When the policy has no limit for a signal that is to be compared.
    """
    known_day = policy.known_days.get(day)
    alike = comparable_days(day, reference, policy)
    then = merge(reference[one] for one in alike)
    usual = usual_rows(day, reference, policy)
    volume = (today.rows - today.heavy) / usual if usual else None
    required = [signal.name for signal in signals.SIGNALS if signal.required] if alike else []
    rises = {name: today.missing_share(name) - then.missing_share(name) for name in required}
    worst = {name: max(one.missing_share(name) for one in reference.values()) for name in required}
    news = {name: rise for name, rise in rises.items() if today.missing_share(name) > worst[name] + WORSE_THAN_WORST}
    enough = today.rows >= policy.data.min_rows
    columns = _columns(today, alike, reference, policy) if enough else []
    rows = max(today.rows, 1)
    new = {"users": today.new_users / rows, "items": today.new_items / rows}
    moved = [
        f"{column.column} is {column.distance:.3f} from the reference, "
        f"{column.distance / column.usual:.1f} times the usual"
        for column in columns
        if column.moved
    ]
    moved += [
        f"{share:.0%} of the events are of {what} that the training set does not know"
        for what, share in new.items()
        if enough and share > policy.data.max_new_share
    ]
    return DataDrift(
        rows=today.rows,
        volume=volume,
        missing=rises,
        columns=columns,
        broken=[
            *_missing(today.rows, news, policy.feed),
            *(_volume(today.rows, usual, volume, policy.feed) if known_day is None else ()),
        ],
        moved=moved if known_day is None else [],
        heavy_share=today.heavy / rows,
        new_user_share=new["users"],
        new_item_share=new["items"],
        known_day=known_day,
    )


def reference_days(
    reference: Reference, retrained: dt.date | None, held: Collection[dt.date] = ()
) -> dict[dt.date, DataProfile]:
    """Return the days to compare with: none on hold, and after a retrain only those after it, once they are a week."""
    whole = {day: profile for day, profile in reference.items() if day not in held}
    later = {day: profile for day, profile in whole.items() if retrained is not None and day > retrained}
    return later if len(later) >= LEAST_REFERENCE_DAYS else whole


def comparable_days(day: dt.date, reference: Reference, policy: DriftPolicy) -> list[dt.date]:
    """Return the reference's days of the same weekday, all of its days when those are too few; no known days."""
    ordinary = [one for one in reference if one not in policy.known_days]
    same = [one for one in ordinary if one.weekday() == day.weekday()]
    return same if len(same) >= SAME_WEEKDAYS else ordinary


def usual_rows(day: dt.date, reference: Reference, policy: DriftPolicy) -> float | None:
    """Return the mean number of events on the reference's days of the same weekday; None when it has none."""
    rows = [
        profile.rows
        for one, profile in reference.items()
        if one.weekday() == day.weekday() and one not in policy.known_days
    ]
    return sum(rows) / len(rows) if rows else None


def _missing(rows: int, rises: Mapping[str, float], feed: FeedPolicy) -> list[str]:
    """Return what is missing too often; a few events say nothing."""
    return [
        f"{name} is missing in {rise:.0%} more of the events than in the reference"
        for name, rise in rises.items()
        if rise > feed.max_missing_rise and rows >= feed.min_rows
    ]


def _volume(rows: int, usual: float | None, volume: float | None, feed: FeedPolicy) -> list[str]:
    """Return what is wrong with the number of events; nothing where that weekday usually has few."""
    if usual is None or volume is None or usual < feed.min_rows:
        return []
    if rows < feed.min_rows:
        return [f"{rows} events, fewer than {feed.min_rows}"]
    if feed.min_volume <= volume <= feed.max_volume:
        return []
    return [
        f"{rows} events are {volume:.2f} times what that weekday has, "
        f"outside {feed.min_volume:g} to {feed.max_volume:g}"
    ]


def _columns(
    today: DataProfile, alike: Sequence[dt.date], reference: Reference, policy: DriftPolicy
) -> list[ColumnDrift]:
    found = []
    for signal in signals.SIGNALS:
        if signal.threshold is not None:
            limit = _limit(signal, policy)
            days = [_values(reference[day], signal) for day in alike]
            known = {value for profile in reference.values() for value in profile.histograms.get(signal.name, {})}
            now = _values(today, signal)
            distance = _distance(signal, _add(days), fold(now, known) if OTHER in known else now)
            if distance is not None:
                found.append((signal, limit, distance, _usual(signal, days)))
    adjusted = adjust([distance.p_value for _, _, distance, _ in found])
    return [
        ColumnDrift(
            column=signal.name,
            distance=distance.value,
            usual=usual,
            p_value=p_value,
            moved=distance.value >= limit
            and distance.value >= policy.data.times_usual * usual
            and p_value <= policy.data.false_discoveries,
            details=distance.details,
        )
        for (signal, limit, distance, usual), p_value in zip(found, adjusted, strict=True)
    ]


def _limit(signal: Signal, policy: DriftPolicy) -> float:
    limit = policy.data.min_distance.get(signal.threshold or "")
    if limit is None:
        raise ConfigurationError(
            f"the drift policy has no data.min_distance.{signal.threshold} for the signal {signal.name}",
            remedy="add it to include/config/drift.yaml",
        )
    return limit


def _values(profile: DataProfile, signal: Signal) -> dict[str, int]:
    """Return a signal's counts without the missing ones, which are the feed's matter."""
    return {value: count for value, count in profile.histograms.get(signal.name, {}).items() if value != UNKNOWN}


def _add(days: Iterable[Mapping[str, int]]) -> Counter[str]:
    total = Counter[str]()
    for day in days:
        total.update(day)
    return total


class _Distance(NamedTuple):
    value: float
    p_value: float
    details: dict[str, float]


def _distance(signal: Signal, then: Mapping[str, int], now: Mapping[str, int]) -> _Distance | None:
    categories = compare_categories(then, now)
    if categories is None:
        return None
    details = {name: getattr(categories, name) for name in ("jensen_shannon", "psi", "new_share")}
    if signal.kind == "category":
        return _Distance(categories.jensen_shannon, categories.p_value, details)
    numbers = compare_numbers(then, now)
    return numbers and _Distance(numbers.ks, numbers.p_value, {**details, "wasserstein": numbers.wasserstein})


def _usual(signal: Signal, days: Sequence[Mapping[str, int]]) -> float:
    """Return the mean distance of each day from the others together; a small positive number without any."""
    found = []
    for place, day in enumerate(days):
        distance = _distance(signal, _add(other for n, other in enumerate(days) if n != place), day)
        if distance is not None:
            found.append(distance.value)
    return max(float(np.mean(found)), 1e-6) if found else 1e-6
