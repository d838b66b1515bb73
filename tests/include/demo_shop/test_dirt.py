from __future__ import annotations

import csv
import datetime as dt
import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.columns import EVENT_TYPES
from include.demo_shop import OPENING, Shop, ShopConfig
from include.demo_shop.dirt import EVENT_SPOILS, ITEM_SPOILS, USER_SPOILS, add_dirt, csv_line, json_line
from include.demo_shop.tables import EVENT_FIELDS, USER_FIELDS

DAY = Shop(ShopConfig(users=60, items=40)).day(OPENING)
EVENT, USER, ITEM = csv_line(DAY.event_rows()[0]), csv_line(DAY.user_rows()[0]), json_line(DAY.item_rows()[0])


def mark(line: str, rng: np.random.Generator) -> str:
    return f"broken {line}"


def smear(line: str, rng: np.random.Generator) -> str:
    return f"smeared {line}"


@given(n=st.integers(0, 200), seed=st.integers(0, 1000), copies=st.floats(0, 1), spoiled=st.floats(0, 1))
def test_every_line_is_accounted_for(n: int, seed: int, copies: float, spoiled: float) -> None:
    lines = [f"line {number}" for number in range(n)]
    rng = np.random.default_rng(seed)
    dirty, dirt = add_dirt(lines, {"broken": mark, "smeared": smear}, rng, duplicate_share=copies, broken_share=spoiled)
    counts = Counter(dirty)
    good = [line for line in dirty if line.startswith("line")]
    assert list(dict.fromkeys(sorted(good))) == sorted(lines)
    assert len(good) == n + dirt.duplicates
    for kind in ("broken", "smeared"):
        assert sum(count for line, count in counts.items() if line.startswith(kind)) == dirt.broken.get(kind, 0)
    assert len(dirty) == n + dirt.duplicates + sum(dirt.broken.values())


def test_no_dirt_leaves_the_lines_as_they_are() -> None:
    lines = ["a", "b"]
    dirty, dirt = add_dirt(lines, {"broken": mark}, np.random.default_rng(1), duplicate_share=0, broken_share=0)
    assert dirty == lines
    assert dirt.duplicates == 0
    assert dirt.broken == {}


def is_time(text: str) -> bool:
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def good_event(line: str) -> bool:
    """The contract of an event, told in this test's own words."""
    fields = next(csv.reader([line]))
    if len(fields) != len(EVENT_FIELDS):
        return False
    row = dict(zip(EVENT_FIELDS, fields, strict=True))
    return (
        bool(row["event_id"] and row["item_id"])
        and row["event_type"] in EVENT_TYPES
        and is_time(row["event_ts"])
        and row["quantity"].isdigit()
    )


def good_user(line: str) -> bool:
    fields = next(csv.reader([line]))
    return len(fields) == len(USER_FIELDS) and bool(fields[0]) and is_time(fields[2])


def good_item(line: str) -> bool:
    try:
        row = json.loads(line)
    except json.JSONDecodeError:
        return False
    return "item_id" in row and isinstance(row["price"], float) and is_time(row["launched_on"])


def test_the_clean_rows_are_good() -> None:
    assert all(good_event(csv_line(row)) for row in DAY.event_rows())
    assert all(good_user(csv_line(row)) for row in DAY.user_rows())
    assert all(good_item(json_line(row)) for row in DAY.item_rows())


@pytest.mark.parametrize("kind", EVENT_SPOILS)
@given(seed=st.integers(0, 50))
@settings(deadline=None)
def test_spoiled_events_break_the_contract(kind: str, seed: int) -> None:
    spoiled = EVENT_SPOILS[kind](EVENT, np.random.default_rng(seed))
    assert not good_event(spoiled)
    assert not spoiled.startswith("E")


@pytest.mark.parametrize("kind", USER_SPOILS)
@given(seed=st.integers(0, 50))
def test_spoiled_users_break_the_contract(kind: str, seed: int) -> None:
    spoiled = USER_SPOILS[kind](USER, np.random.default_rng(seed))
    assert not good_user(spoiled)
    assert not spoiled.startswith("U")


@pytest.mark.parametrize("kind", ITEM_SPOILS)
@given(seed=st.integers(0, 50))
def test_spoiled_items_break_the_contract(kind: str, seed: int) -> None:
    spoiled = ITEM_SPOILS[kind](ITEM, np.random.default_rng(seed))
    assert not good_item(spoiled)
    assert '"I0001"' not in spoiled
