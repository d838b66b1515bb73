"""The control chart of the results: CUSUM (Page 1954) on what the lists found.

A day's value is the logarithm of the share of new pairs of user and item that were in the user's list, less 0.6 of the
logarithm of the same share for the popular items: what moves all lists alike (a growing catalogue, Christmas) is mostly
the shop's doing, not the model's. Deviations are in standard deviations of a day with as many pairs, widened by how
much days vary beyond that.

The level comes from the days before the present run of bad days, so bad days never lower the level that they are
compared with. Slow decay adds up, and one bad day is not enough.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

from include.drift_policy import ResultsPolicy

SHOP_SHARE = 0.6  # of popularity's ups and downs, taken as the shop's own
MOST_A_DAY = 0.8  # of the alarm: one day alone never raises it
PRIOR_DAYS = 14  # weight, in days, of the prior that days vary as their counts say
HALF_A_HIT = 0.5  # keeps the logarithm finite on a day without hits


@dataclass(frozen=True)
class Day:
    """One day's results: new pairs, how many of them the lists held, and how many the popular items."""

    day: dt.date
    pairs: int
    hits: int
    popular_hits: int

    @property
    def share(self) -> float:
        return self.hits / self.pairs

    @property
    def value(self) -> float:
        """What the chart sums."""
        return math.log(_share(self.hits, self)) - SHOP_SHARE * math.log(_share(self.popular_hits, self))

    @property
    def variance(self) -> float:
        """Variance of the value by counts alone (delta method; the two shares taken as independent)."""
        live, popular = _share(self.hits, self), _share(self.popular_hits, self)
        return ((1 - live) / live + SHOP_SHARE**2 * (1 - popular) / popular) / self.pairs


def _share(hits: int, day: Day) -> float:
    return (hits + HALF_A_HIT) / (day.pairs + 2 * HALF_A_HIT)


@dataclass(frozen=True)
class Point:
    """One day on the chart.

    Attributes
    ----------
    share
        Of the new pairs that were in the users' lists.
    expected, low
        The share that the level predicts for such a day, and three standard deviations below it; NaN while too few
        days are known.
    cusum
        Sum beyond the slack, in standard deviations; an alarm from `policy.alarm` on.
    since
        The first day of the present run of bad days, None when there is none.
    """

    day: dt.date
    share: float
    expected: float
    low: float
    cusum: float
    since: dt.date | None


def chart(days: Sequence[Day], policy: ResultsPolicy) -> list[Point]:
    """Return the chart of `days`, oldest first; days with too few pairs are left out.

    Parameters
    ----------
    days
        Days of one level: start again after a retrain.
    """
    usable = [day for day in days if day.pairs >= policy.min_pairs]
    points: list[Point] = []
    cusum, start = 0.0, 0  # of the present run: its sum, and its first place
    for place, day in enumerate(usable):
        if cusum == 0.0:
            start = place
        before = usable[max(0, start - policy.window_days) : start]
        if len(before) < policy.min_days:
            points.append(Point(day.day, day.share, math.nan, math.nan, 0.0, None))
            continue
        level, spread = level_of(before)
        deviation = math.sqrt(spread * day.variance)
        below = (level - day.value) / deviation - policy.slack
        cusum = max(0.0, cusum + min(below, MOST_A_DAY * policy.alarm))
        expected = day.share * math.exp(level - day.value)
        low = expected * math.exp(-3 * deviation)
        points.append(Point(day.day, day.share, expected, low, cusum, usable[start].day if cusum else None))
    return points


def level_of(days: Sequence[Day]) -> tuple[float, float]:
    """Return the mean value of `days`, weighted by precision, and how much more they vary than their counts say."""
    weights = [1 / day.variance for day in days]
    level = sum(weight * day.value for weight, day in zip(weights, days, strict=True)) / sum(weights)
    squares = sum((day.value - level) ** 2 / day.variance for day in days)
    return level, (squares + PRIOR_DAYS) / (len(days) - 1 + PRIOR_DAYS)
