"""What breaks the contract is counted column by column, also in partitions of an earlier contract."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from include.checks.figures import count_rows
from include.contract.schema import CONTRACT
from include.lake import Lake, write_table
from tests.include.checks.partitions import GOOD, SCHEMAS
from tests.include.contract.mappings import DAY

UTC = ZoneInfo("UTC")


def write(lake: Lake, table: str, rows: list[dict[str, Any]], *, without: tuple[str, ...] = ()) -> list[str]:
    schema = pa.schema([field for field in SCHEMAS[table] if field.name not in without])
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), sink, row_group_size=3)
    lake.write_bytes("a.parquet", sink.getvalue().to_pybytes())
    return ["a.parquet"]


def test_each_broken_rule_is_counted_with_examples(lake: Lake) -> None:
    changes: list[dict[str, Any]] = [
        {},
        {"event_id": "a"},
        {"event_id": "a"},
        {"event_id": "b" * 256, "user_id": "ann\x00"},
        {"event_id": "c", "event_type": "stare", "quantity": 0.0, "price": -1.0},
        {"event_id": "d", "event_type": None, "price": None, "event_ts": dt.datetime(1899, 1, 1, tzinfo=dt.UTC)},
        {"event_id": "e", "event_ts": dt.datetime(2026, 3, 3, tzinfo=dt.UTC)},
    ]
    paths = write(lake, "events", [{**GOOD["events"], **change} for change in changes])
    found = count_rows(lake, paths, CONTRACT["events"], DAY, UTC)
    broken = {name: value for name, value in found.values.items() if value and not name.endswith(".percent")}
    assert broken == {
        "rowCount": 7,
        "event_id.duplicateValues": 1,
        "event_id.invalidValues": 1,
        "user_id.invalidValues": 1,
        "event_type.invalidValues": 1,
        "event_type.nullValues": 1,
        "event_ts.invalidValues": 2,
        "quantity.invalidValues": 1,
        "price.invalidValues": 1,
        "price.nullValues": 1,
        "order_id.nullValues": 7,
        "currency.nullValues": 7,
    }
    assert found.examples["event_type.invalidValues"] == ["stare"]
    assert found.examples["event_id.duplicateValues"] == ["a"]
    assert round(found.values["price.nullValues.percent"] or 0, 2) == 14.29


def test_a_day_ends_in_the_shops_time_zone(lake: Lake) -> None:
    late = {**GOOD["events"], "event_ts": dt.datetime(2026, 3, 3, 7, 30, tzinfo=dt.UTC)}
    paths = write(lake, "events", [late])
    for zone, broken in (("America/Los_Angeles", 0), ("UTC", 1)):
        found = count_rows(lake, paths, CONTRACT["events"], DAY, ZoneInfo(zone))
        assert found.values["event_ts.invalidValues"] == broken


def test_partitions_from_before_a_new_column_are_read(lake: Lake) -> None:
    paths = write(lake, "events", [GOOD["events"]], without=("order_id", "currency"))
    found = count_rows(lake, paths, CONTRACT["events"], DAY, UTC)
    assert (found.rows, found.values["order_id.nullValues"]) == (1, 0)
    assert all(not value for name, value in found.values.items() if name.endswith("invalidValues"))


def test_a_value_that_a_row_says_nothing_of_is_not_missing(lake: Lake) -> None:
    absent = pa.array([None, ["title", "price"], [], ["price"]], pa.list_(pa.string()))
    nothing = pa.nulls(4, pa.string())
    columns = {"item_id": ["a", "b", "c", "d"], "title": pa.array(["Milk", None, None, None]), "absent": absent}
    rows = pa.table({**columns, "category": nothing, "currency": nothing})
    path = f"staged/{write_table(lake, 'staged', 'items', rows)}"
    found = count_rows(lake, [path], CONTRACT["items"], DAY, UTC)
    assert (found.rows, found.values["title.nullValues"]) == (4, 2)
