from __future__ import annotations

import datetime as dt
import gzip
import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include import columns as c
from include.demo_shop import OPENING, Landed, Shop, ShopConfig, land
from include.demo_shop.landing import FILES, write_table
from include.errors import ConfigurationError
from include.lake import Lake, open_lake, partition_folder

CONFIG = ShopConfig(users=80, items=40, duplicate_share=0.05, broken_share=0.05, late_share=0.05)
DAYS = 8


def after(days: int) -> dt.date:
    return OPENING + dt.timedelta(days=days)


def content(landing: Lake) -> dict[str, bytes]:
    return {info.path: landing.read_bytes(info.path) for info in landing.list_files("")}


def lines(landing: Lake, table: str, day: dt.date) -> list[str]:
    """Return the data lines of one day."""
    path = f"{partition_folder(table, day)}/{FILES[table]}"
    if not landing.exists(path):
        return []
    data = landing.read_bytes(path)
    text = (gzip.decompress(data) if path.endswith(".gz") else data).decode().splitlines()
    return text if table == c.ITEMS else text[1:]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, Landed]:
    landing = open_lake(tmp_path_factory.mktemp("whole").as_uri())
    return landing, land(Shop(CONFIG), landing, OPENING, after(DAYS - 1))


def test_the_counts_are_those_of_the_files(whole: tuple[Lake, Landed]) -> None:
    landing, landed = whole
    result = landed.result()
    assert result["days"] == DAYS
    for table in c.TABLES:
        found = [line for day in range(DAYS) for line in lines(landing, table, after(day))]
        assert result["rows"][table] == len(found)
        clean = sum(len(getattr(day, f"{table[:-1]}_rows")()) for day in Shop(CONFIG).days(OPENING, after(DAYS - 1)))
        assert len(found) == clean + result["duplicates"][table] + sum(result["broken"][table].values())
        assert result["duplicates"][table] > 0
        assert result["broken"][table]
    assert result["late"] > 0


def test_the_good_lines_are_exactly_the_clean_rows(whole: tuple[Lake, Landed]) -> None:
    landing, _ = whole
    for day in Shop(CONFIG).days(OPENING, after(DAYS - 1)):
        good = [line for line in lines(landing, c.EVENTS, day.date) if line.startswith("E") and line.count(",") == 6]
        assert sorted(set(good)) == sorted(",".join(row) for row in day.event_rows())


def test_every_day_of_every_table_is_closed(whole: tuple[Lake, Landed]) -> None:
    landing, _ = whole
    for table in c.TABLES:
        for day in range(DAYS):
            assert landing.read_bytes(f"{partition_folder(table, after(day))}/{c.SUCCESS_MARKER}") == b""


@given(cuts=st.sets(st.integers(1, DAYS - 1), max_size=3))
@settings(max_examples=8, deadline=None)
def test_smaller_steps_give_the_same_bytes_and_counts(
    cuts: set[int], whole: tuple[Lake, Landed], tmp_path_factory: pytest.TempPathFactory
) -> None:
    landing = open_lake(tmp_path_factory.mktemp("steps").as_uri())
    edges = [0, *sorted(cuts), DAYS]
    results = [land(Shop(CONFIG), landing, after(first), after(end - 1)).result() for first, end in pairwise(edges)]
    assert content(landing) == content(whole[0])
    total = whole[1].result()
    assert sum(result["late"] for result in results) == total["late"]
    for table in c.TABLES:
        assert sum(result["rows"][table] for result in results) == total["rows"][table]


def test_a_day_is_replaced_whole_and_a_day_that_is_the_same_is_left_alone(tmp_path: Path) -> None:
    landing = open_lake(tmp_path.as_uri())
    land(Shop(CONFIG), landing, OPENING, after(1))
    before = content(landing)
    folder = partition_folder(c.EVENTS, OPENING)
    landing.write_bytes(f"{folder}/leftover.csv", b"event_id\n1\n")
    untouched = tmp_path / partition_folder(c.EVENTS, after(1)) / FILES[c.EVENTS]
    age = untouched.stat().st_mtime_ns
    land(Shop(CONFIG), landing, OPENING, after(1))
    assert content(landing) == before
    assert untouched.stat().st_mtime_ns == age


def test_a_day_without_rows_is_only_closed(tmp_path: Path) -> None:
    landing = open_lake(tmp_path.as_uri())
    write_table(landing, c.ITEMS, OPENING, ["{}"])
    write_table(landing, c.ITEMS, OPENING, [])
    assert list(content(landing)) == [f"{partition_folder(c.ITEMS, OPENING)}/{c.SUCCESS_MARKER}"]


def test_days_of_two_shops_never_share_a_landing_zone(tmp_path: Path) -> None:
    landing = open_lake(tmp_path.as_uri())
    land(Shop(CONFIG), landing, OPENING, after(1))
    before = content(landing)
    other = Shop(ShopConfig(users=80, items=40, seed=8))
    with pytest.raises(ConfigurationError, match=r"another demo shop: .*seed 7 there, 8 here"):
        land(other, landing, after(2), after(2))
    assert content(landing) == before
    land(other, landing, OPENING, after(1))
    assert json.loads(landing.read_bytes("_demo_shop.json"))["seed"] == 8


def test_somebody_elses_days_stay(tmp_path: Path) -> None:
    landing = open_lake(tmp_path.as_uri())
    landing.write_bytes(f"{partition_folder(c.EVENTS, dt.date(2011, 1, 4))}/{c.SUCCESS_MARKER}", b"")
    with pytest.raises(ConfigurationError, match="not a demo shop"):
        land(Shop(CONFIG), landing, OPENING, OPENING)


@pytest.mark.parametrize(
    ("first", "last", "message"),
    [(after(1), OPENING, "is after"), (OPENING, dt.date(2026, 1, 1), "2026-01-01")],
)
def test_impossible_days_are_refused_before_anything_is_written(
    first: dt.date, last: dt.date, message: str, tmp_path: Path
) -> None:
    landing = open_lake(tmp_path.as_uri())
    with pytest.raises(ConfigurationError, match=message):
        land(Shop(CONFIG), landing, first, last)
    assert content(landing) == {}
