"""A day against its reference: what moves, what is broken, and what is only a Sunday."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pytest

from include.monitoring.data_drift import DataDrift, comparable_days, detect, reference_days
from include.monitoring.profile import DataProfile, from_histograms
from tests.include.monitoring.cases import FIRST, POLICY

Make = Callable[[np.random.Generator, dt.date], DataProfile]
CATEGORIES = ["a", "b", "c", "d", "e"]
WEEKDAY, WEEKEND = [0.4, 0.3, 0.15, 0.1, 0.05], [0.1, 0.2, 0.3, 0.2, 0.2]
PRICES = ["1.0000", "1.4142", "2.0000", "2.8284", "4.0000"]


def profile(
    rng: np.random.Generator, day: dt.date, rows: int = 4000, shift: int = 0, missing: float = 0.05
) -> DataProfile:
    """Weekends look for other categories and have more events; `shift` makes everything dearer."""
    weekend = day.weekday() >= 5
    rows = int(rows * (1.4 if weekend else 1.0) * rng.uniform(0.95, 1.05))
    unknown = int(rows * missing)
    shares = np.roll([0.1, 0.3, 0.4, 0.15, 0.05], shift)
    prices = dict(zip(PRICES, rng.multinomial(rows - unknown, shares).tolist(), strict=True))
    mix = rng.multinomial(rows, WEEKEND if weekend else WEEKDAY).tolist()
    return from_histograms(
        {
            "event_type": {"view": rows - 300, "purchase": 300},
            "category": dict(zip(CATEGORIES, mix, strict=True)),
            "price": {**prices, "unknown": unknown},
            "segment": {"north": rows // 2, "south": rows - rows // 2},
            "user_id": {"known": rows - unknown, "unknown": unknown},
        }
    )


def check(day: dt.date, today: DataProfile, seed: int = 0) -> DataDrift:
    rng = np.random.default_rng(seed)
    days = [day - dt.timedelta(days=back) for back in range(28, 0, -1)]
    return detect(day, today, {one: profile(rng, one) for one in days}, POLICY)


@pytest.mark.parametrize("number", range(7))
def test_an_ordinary_day_of_any_weekday_is_quiet(number: int) -> None:
    day = FIRST + dt.timedelta(days=number)
    drift = check(day, profile(np.random.default_rng(99 + number), day), seed=number)
    assert drift.moved == [] and drift.broken == []
    assert drift.volume == pytest.approx(1, abs=0.1)
    assert [column.column for column in drift.columns] == list(POLICY.data.min_distance)


def test_a_sunday_on_a_monday_has_moved() -> None:
    sunday = profile(np.random.default_rng(5), FIRST + dt.timedelta(days=6))
    assert any(line.startswith("category is") for line in check(FIRST, sunday).moved)


def test_dearer_prices_are_named() -> None:
    drift = check(FIRST, profile(np.random.default_rng(5), FIRST, shift=1))
    assert [line.split(" is ")[0] for line in drift.moved] == ["price"]
    price = next(column for column in drift.columns if column.column == "price")
    assert price.distance > 2 * price.usual and price.p_value < 1e-6
    assert set(price.details) == {"jensen_shannon", "psi", "new_share", "wasserstein"}


def test_few_rows_tell_nothing_of_columns() -> None:
    small = profile(np.random.default_rng(5), FIRST, rows=POLICY.data.min_rows // 2, shift=2)
    assert check(FIRST, small).columns == []


def test_missing_users_break_the_feed() -> None:
    drift = check(FIRST, profile(np.random.default_rng(5), FIRST, missing=0.5))
    assert [line.split(" is ")[0] for line in drift.broken] == ["user_id", "price"]


@pytest.mark.parametrize(("rows", "word"), [(2000, "times what that weekday has"), (50, "fewer than")])
def test_lost_events_break_the_feed(rows: int, word: str) -> None:
    assert word in check(FIRST, profile(np.random.default_rng(5), FIRST, rows=rows)).broken[0]


def weeks(usual: dict[int, int], day: dt.date, weeks: int = 4) -> dict[dt.date, DataProfile]:
    """Days before `day`, with so many events on each weekday; a weekday that is not named has no delivery."""
    days = [day - dt.timedelta(days=back) for back in range(7 * weeks, 0, -1)]
    rng = np.random.default_rng(3)
    return {one: profile(rng, one, rows=usual[one.weekday()]) for one in days if one.weekday() in usual}


MONDAY, SUNDAY = FIRST, FIRST + dt.timedelta(days=6)
OPEN = dict.fromkeys(range(6), 2000)
EMPTY = DataProfile(0, {})


def test_a_closed_sunday_is_compared_with_closed_sundays() -> None:
    assert detect(SUNDAY, EMPTY, weeks({**OPEN, 6: 0}, SUNDAY), POLICY).broken == []
    assert detect(SUNDAY, EMPTY, weeks(OPEN, SUNDAY), POLICY).broken == []  # nothing was delivered on them at all
    assert detect(MONDAY, EMPTY, weeks(OPEN, MONDAY), POLICY).broken == ["0 events, fewer than 100"]


@pytest.mark.parametrize("rows", [0, 12, 60, 90])
def test_a_shop_with_few_events_is_not_held_for_it(rows: int) -> None:
    today = from_histograms({"event_type": {"view": rows}, "user_id": {"unknown": rows}})
    assert detect(MONDAY, today, weeks(dict.fromkeys(range(7), 40), MONDAY), POLICY).broken == []


def test_a_weekday_of_a_young_shop_is_not_held_against_other_weekdays() -> None:
    young = weeks(dict.fromkeys(range(5), 2000), SUNDAY, weeks=1)
    drift = detect(SUNDAY, profile(np.random.default_rng(5), SUNDAY, rows=500), young, POLICY)
    assert (drift.volume, drift.broken) == (None, [])


def test_a_known_day_is_judged_by_what_is_missing_alone_and_is_no_reference() -> None:
    policy = POLICY.model_copy(update={"known_days": {FIRST: "Black Friday"}})
    reference = weeks(dict.fromkeys(range(7), 4000), FIRST)
    rush = profile(np.random.default_rng(5), FIRST, rows=16000, shift=2)
    assert detect(FIRST, rush, reference, POLICY).broken and detect(FIRST, rush, reference, POLICY).moved
    drift = detect(FIRST, rush, reference, policy)
    assert (drift.known_day, drift.broken, drift.moved) == ("Black Friday", [], [])
    lost = detect(FIRST, profile(np.random.default_rng(5), FIRST, rows=16000, missing=0.6), reference, policy)
    assert [line.split(" is ")[0] for line in lost.broken] == ["user_id", "price"]

    later = FIRST + dt.timedelta(days=7)
    whole = {**weeks(dict.fromkeys(range(7), 4000), later), FIRST: rush}
    ordinary = profile(np.random.default_rng(5), later)
    assert detect(later, ordinary, whole, policy).volume == pytest.approx(1, abs=0.1)
    assert FIRST not in comparable_days(later, whole, policy)


def test_without_a_reference_nothing_moves() -> None:
    drift = detect(FIRST, profile(np.random.default_rng(5), FIRST), {}, POLICY)
    assert drift.moved == [] and drift.broken == []


def test_after_a_retrain_only_later_days_are_the_reference() -> None:
    days = {FIRST + dt.timedelta(days=n): DataProfile(1, {}) for n in range(28)}
    assert len(reference_days(days, None)) == 28
    assert len(reference_days(days, FIRST + dt.timedelta(days=24))) == 28, "three days are too few"
    assert min(reference_days(days, FIRST + dt.timedelta(days=10))) == FIRST + dt.timedelta(days=11)


def test_days_on_hold_are_no_reference() -> None:
    days = {FIRST + dt.timedelta(days=n): DataProfile(1, {}) for n in range(28)}
    assert FIRST not in reference_days(days, None, {FIRST})


def test_a_share_that_the_reference_has_seen_is_no_news() -> None:
    rng = np.random.default_rng(0)
    days = [FIRST - dt.timedelta(days=back) for back in range(28, 0, -1)]
    wild = {one: profile(rng, one, missing=0.5 if one.day == 11 else 0.05) for one in days}
    assert detect(FIRST, profile(rng, FIRST, missing=0.5), wild, POLICY).broken == []
    assert detect(FIRST, profile(rng, FIRST, missing=0.6), wild, POLICY).broken != []


def test_drift_comes_back_from_json() -> None:
    drift = check(FIRST, profile(np.random.default_rng(5), FIRST, shift=1))
    assert DataDrift.from_json(drift.as_json()) == drift
