"""A month's file stands for its days as long as they are what it was made from."""

from __future__ import annotations

import datetime as dt

import pyarrow.parquet as pq
import pytest

from include.lake import Lake, find_merged, list_days, load_days, merge_months, partition_folder, plan_merge
from tests.include.checks.partitions import GOOD, SCHEMAS, commit_rows

DECEMBER, JANUARY = dt.date(2025, 12, 31), [dt.date(2026, 1, day) for day in (1, 2, 3)]
FEBRUARY = dt.date(2026, 2, 1)


@pytest.fixture
def lake(lake: Lake) -> Lake:
    for day in (DECEMBER, *JANUARY, FEBRUARY):
        commit_rows(lake, "events", events(day, "a", "b") if day != JANUARY[1] else [], day=day)
    return lake


def events(day: dt.date, *ids: str) -> list[dict[str, object]]:
    return [{**GOOD["events"], "event_id": f"{day}-{one}", "currency": "EUR"} for one in ids]


def read(lake: Lake, first: dt.date = DECEMBER) -> tuple[list[str], list[dt.date]]:
    """Return the files of months, without their folder, and the days beside them."""
    days = load_days(lake, "events", [day for day in list_days(lake, "events") if day >= first])
    uris, rest = find_merged(lake, "events", days)
    return [uri.removeprefix(lake.uri_of("months/")) for uri in uris], list(rest)


def test_months_that_are_over_have_the_rows_of_their_days(lake: Lake) -> None:
    made = merge_months(lake, "events", FEBRUARY)
    assert [one.folder.rpartition("-")[0] for one in made] == ["months/2025-12-01/events", "months/2026-01-01/events"]
    assert [one.manifest.counts for one in made] == [{"rows": 2}, {"rows": 4}]
    assert made[1].manifest.inputs.keys() == {f"events/{day}" for day in JANUARY}
    table = made[1].read_table()
    assert table.schema.names == [*SCHEMAS["events"].names, "ingest_date"]
    assert table["event_id"].to_pylist() == [f"{day}-{one}" for day in (JANUARY[0], JANUARY[2]) for one in "ab"]
    assert table["ingest_date"].to_pylist() == [JANUARY[0]] * 2 + [JANUARY[2]] * 2
    assert merge_months(lake, "events", FEBRUARY + dt.timedelta(days=27)) == made
    assert merge_months(lake, "users", FEBRUARY) == []


def test_they_are_read_instead_of_their_days(lake: Lake) -> None:
    assert read(lake) == ([], [DECEMBER, *JANUARY, FEBRUARY])
    december, january = merge_months(lake, "events", FEBRUARY)
    files = [f"{one.folder.removeprefix('months/')}/{one.manifest.paths()[0]}" for one in (december, january)]
    assert read(lake) == (files, [FEBRUARY])
    # A window that begins within a month takes its days
    assert read(lake, JANUARY[1]) == ([], [*JANUARY[1:], FEBRUARY])


def test_a_day_that_was_ingested_again_is_read_by_itself_until_its_month_is_merged_again(lake: Lake) -> None:
    december, before = merge_months(lake, "events", FEBRUARY)
    commit_rows(lake, "events", events(JANUARY[1], "c"), day=JANUARY[1])
    files, rest = read(lake)
    assert (len(files), rest) == (1, [*JANUARY, FEBRUARY])
    made, deleted = plan_merge(lake, "events", FEBRUARY)
    assert deleted == {before.folder}
    assert merge_months(lake, "events", FEBRUARY)[0] == december
    assert plan_merge(lake, "events", FEBRUARY) == (set(), set())
    assert all(lake.list_files(folder) for folder in made)
    assert read(lake)[1] == [FEBRUARY]
    assert lake.list_files(before.folder) == []


def test_a_column_that_days_lack_is_null(lake: Lake) -> None:
    day = JANUARY[0]
    file = next(one for one in lake.list_files(partition_folder("events", day)) if one.path.endswith(".parquet"))
    filesystem, root = lake.filesystem()
    older = pq.read_table(f"{root}/{file.path}", filesystem=filesystem, partitioning=None).drop_columns(["currency"])
    pq.write_table(older, f"{root}/{file.path}", filesystem=filesystem)
    table = merge_months(lake, "events", FEBRUARY)[1].read_table()
    assert table.schema.field("currency") == SCHEMAS["events"].field("currency")
    assert table["currency"].to_pylist() == [None, None, "EUR", "EUR"]
