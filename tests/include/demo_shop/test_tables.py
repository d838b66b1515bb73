from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from include.demo_shop import OPENING, EventLog, Shop, ShopConfig, ShopDay
from include.demo_shop.tables import ANONYMOUS, EVENT_FIELDS, ITEM_FIELDS, PURCHASE, USER_FIELDS, VIEW


@pytest.fixture(scope="module")
def day() -> ShopDay:
    return Shop(ShopConfig(users=60, items=40)).day(OPENING)


def log(day: dt.date) -> EventLog:
    times = np.array([f"{day}T12:00:00", f"{day}T09:30:05", "2024-12-31T23:59:59"], dtype="datetime64[s]")
    return EventLog(
        number=np.array([7, 8, 9]),
        user=np.array([3, ANONYMOUS, 59], dtype=np.int32),
        item=np.array([0, 1, 39], dtype=np.int32),
        kind=np.array([VIEW, PURCHASE, VIEW], dtype=np.int8),
        time=times,
        quantity=np.array([1, 2, 1], dtype=np.int32),
        price=np.array([4.5, 12.0, np.nan]),
    )


def test_events_are_written_as_text_and_what_is_missing_is_empty(day: ShopDay) -> None:
    rows = replace(day, events=log(OPENING)).event_rows()
    assert rows == [
        ("E0000000007", "U00004", "I0001", "view", "2025-01-01T12:00:00Z", "1", "4.50"),
        ("E0000000008", "", "I0002", "purchase", "2025-01-01T09:30:05Z", "2", "12.00"),
        ("E0000000009", "U00060", "I0040", "view", "2024-12-31T23:59:59Z", "1", ""),
    ]
    assert len(rows[0]) == len(EVENT_FIELDS)


def test_late_events_are_those_that_happened_before_the_day(day: ShopDay) -> None:
    assert replace(day, events=log(OPENING)).late == 1


def test_numbers_follow_the_time_and_name_the_day() -> None:
    numbered = log(OPENING).numbered(31)
    assert numbered.number.tolist() == [310_000_001, 310_000_002, 310_000_003]
    assert numbered.user.tolist() == [59, ANONYMOUS, 3]


def test_concatenate_undoes_take() -> None:
    whole = log(OPENING)
    again = EventLog.concatenate([whole.take(np.array([0])), whole.take(np.array([False, True, True]))])
    np.testing.assert_array_equal(again.number, whole.number)
    np.testing.assert_array_equal(again.time, whole.time)


def test_the_first_day_delivers_everybody_and_everything(day: ShopDay) -> None:
    users, items = day.user_rows(), day.item_rows()
    assert [row[0] for row in users] == [f"U{number:05d}" for number in range(1, day.truth.n_users + 1)]
    assert [row["item_id"] for row in items] == [f"I{number:04d}" for number in range(1, day.truth.n_items + 1)]
    assert all(len(row) == len(USER_FIELDS) for row in users)
    assert all(tuple(row) == ITEM_FIELDS for row in items)
    assert dt.date.fromisoformat(users[0][2]) < OPENING
    assert users[0][4] == "2025-01-01T23:30:00Z"
    assert {type(row["in_stock"]) for row in items} == {bool}
