from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.demo_shop import OPENING, Fault, FaultKind, ShopConfig, parse_fault
from include.demo_shop.config import DEFAULT_STRENGTH
from include.errors import ConfigurationError


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"users": 0}, "users is 0"),
        ({"items": -1}, "items is -1"),
        ({"seed": -3}, "seed is -3"),
        ({"views_per_visit": 0.5}, "views_per_visit is 0.5"),
        ({"broken_share": 1.5}, "broken_share is 1.5"),
        ({"late_share": float("nan")}, "late_share is nan"),
    ],
)
def test_values_out_of_range_are_named(change: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        ShopConfig(**change)  # type: ignore[arg-type]


def test_index_of_counts_from_the_opening() -> None:
    config = ShopConfig(horizon_days=10)
    assert config.index_of(OPENING) == 0
    assert config.last_day == dt.date(2025, 1, 10)
    assert config.index_of(config.last_day) == 9


@pytest.mark.parametrize("day", [dt.date(2024, 12, 31), dt.date(2025, 1, 11)])
def test_days_when_the_shop_is_not_open_are_refused(day: dt.date) -> None:
    with pytest.raises(ConfigurationError, match=f"{day}.*2025-01-01 to 2025-01-10"):
        ShopConfig(horizon_days=10).index_of(day)


def test_streams_differ_by_seed_purpose_and_day_only() -> None:
    one, two = ShopConfig(seed=1), ShopConfig(seed=2)
    draws = [
        one.stream("a", 1).random(),
        one.stream("a", 2).random(),
        one.stream("b", 1).random(),
        two.stream("a", 1).random(),
    ]
    assert len(set(draws)) == 4
    assert one.stream("a", 1).random() == ShopConfig(seed=1, users=5).stream("a", 1).random()


@given(
    kind=st.sampled_from(FaultKind),
    start=st.dates(dt.date(2025, 1, 1), dt.date(2025, 12, 31)),
    strength=st.none() | st.floats(0, 0.9),
    days=st.none() | st.integers(1, 99),
)
def test_a_fault_is_read_as_it_is_written(
    kind: FaultKind, start: dt.date, strength: float | None, days: int | None
) -> None:
    text = f"{kind}:{start}" + ("" if strength is None and days is None else f":{'' if strength is None else strength}")
    text += "" if days is None else f":{days}"
    fault = parse_fault(text)
    assert fault == Fault(kind, start, strength, days)
    assert fault.amount == (DEFAULT_STRENGTH[kind] if strength is None else strength)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("taste_shift", "1 parts"),
        ("meteor:2025-02-01", "meteor"),
        ("taste_shift:2025-02-30", "day is out of range"),
        ("taste_shift:2025-02-01:much", "much"),
        ("taste_shift:2025-02-01:0.1:2:3", "5 parts"),
        ("taste_shift:2025-02-01:1.1", "strength of taste_shift is 1.1"),
        ("taste_shift:2025-02-01:nan", "strength of taste_shift is nan"),
        ("price_shift:2025-02-01:-1", "strength of price_shift is -1"),
        ("taste_shift:2025-02-01::0", "days of taste_shift is 0"),
    ],
)
def test_a_fault_that_cannot_be_read_is_refused_by_name(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        parse_fault(text)


def test_a_fault_is_active_from_its_start_for_its_days() -> None:
    fault = parse_fault("broken_feed:2025-02-10:0.5:2")
    ages = [fault.age(dt.date(2025, 2, day)) for day in (9, 10, 11, 12)]
    assert ages == [None, 0, 1, None]
    assert parse_fault("broken_feed:2025-02-10").age(dt.date(2025, 12, 10)) == 303
