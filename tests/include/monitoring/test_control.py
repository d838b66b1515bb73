"""The control chart on series whose answer is known."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest

from include.monitoring.control import Day, chart, level_of
from tests.include.monitoring.cases import FIRST, POLICY

LIMITS = POLICY.results


def days(shares: list[float], pairs: int = 1000, popular: float = 0.15) -> list[Day]:
    return [
        Day(FIRST + dt.timedelta(days=n), pairs, round(share * pairs), round(popular * pairs))
        for n, share in enumerate(shares)
    ]


def test_the_first_days_have_no_level() -> None:
    points = chart(days([0.3] * (LIMITS.min_days + 3)), LIMITS)
    assert [math.isnan(point.expected) for point in points] == [True] * LIMITS.min_days + [False] * 3
    assert points[-1].expected == pytest.approx(0.3)


def test_one_bad_day_is_forgotten() -> None:
    points = chart(days([0.3] * 20 + [0.27] + [0.3] * 10), LIMITS)
    assert 0 < max(point.cusum for point in points) < LIMITS.alarm
    assert points[-1].cusum == 0 and points[-1].since is None


def test_no_single_day_alarms_and_two_like_it_do() -> None:
    (one, two) = chart(days([0.3] * 20 + [0.01] * 2), LIMITS)[-2:]
    assert one.cusum < LIMITS.alarm <= two.cusum


def test_bad_days_add_up_and_do_not_lower_the_level() -> None:
    points = chart(days([0.3] * 20 + [0.27] * 15), LIMITS)
    sums = [point.cusum for point in points[20:]]
    assert sums == sorted(sums) and sums[-1] > LIMITS.alarm
    assert points[-1].since == points[20].day
    assert points[-1].expected == pytest.approx(0.3, abs=1e-3)


def test_days_with_few_pairs_are_left_out() -> None:
    few = days([0.0] * 5, pairs=LIMITS.min_pairs - 1)
    assert chart(few, LIMITS) == []


def test_what_moves_popularity_too_is_in_part_the_shop_s() -> None:
    calm, shop = days([0.3] * 20), days([0.27] * 15)
    same = [Day(one.day, one.pairs, one.hits, one.popular_hits - 15) for one in shop]  # popularity fell by 10 % too
    alone = chart([*calm, *shop], LIMITS)[-1].cusum
    together = chart([*calm, *same], LIMITS)[-1].cusum
    assert together < alone


def test_a_day_without_any_hit_is_finite() -> None:
    assert math.isfinite(chart(days([0.3] * 20 + [0.0], popular=0.0), LIMITS)[-1].cusum)


def test_level_widens_when_days_vary_more_than_their_numbers() -> None:
    rng = np.random.default_rng(1)
    binomial = days((rng.binomial(1000, 0.3, 60) / 1000).tolist())
    wild = days((0.3 + 0.05 * rng.standard_normal(60)).tolist())
    assert level_of(wild)[1] > 3 * level_of(binomial)[1]
    assert 0.4 < level_of(binomial)[1] < 1.6


def test_chance_alone_rarely_alarms() -> None:
    """About one alarm in 200 days of pure chance, over many series; the level itself is only an estimate."""
    rng = np.random.default_rng(7)
    alarms = total = 0
    for _ in range(20):
        series = [
            Day(FIRST + dt.timedelta(days=n), 2000, int(rng.binomial(2000, 0.25)), int(rng.binomial(2000, 0.12)))
            for n in range(100)
        ]
        points = chart(series, LIMITS)
        alarms += any(point.cusum >= LIMITS.alarm for point in points)
        total += len(points)
    assert alarms / total <= 1.3 / 200
