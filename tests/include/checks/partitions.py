"""Partitions of the contract, committed without Spark."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from include.lake import Lake, commit_folder, partition_folder, staging_folder
from include.lake.manifest import fingerprint
from tests.include.contract.mappings import DAY

TIME = pa.timestamp("us", tz="UTC")
ATTRIBUTES = pa.map_(pa.string(), pa.string())
SCHEMAS = {
    "events": pa.schema(
        [
            ("event_id", pa.string()),
            ("user_id", pa.string()),
            ("item_id", pa.string()),
            ("event_type", pa.string()),
            ("event_ts", TIME),
            ("quantity", pa.float64()),
            ("price", pa.float64()),
            ("order_id", pa.string()),
            ("currency", pa.string()),
        ]
    ),
    "items": pa.schema(
        [
            ("item_id", pa.string()),
            ("title", pa.string()),
            ("category", pa.string()),
            ("price", pa.float64()),
            ("in_stock", pa.bool_()),
            ("launched_on", pa.date32()),
            ("updated_ts", TIME),
            ("currency", pa.string()),
            ("attributes", ATTRIBUTES),
        ]
    ),
    "users": pa.schema(
        [
            ("user_id", pa.string()),
            ("segment", pa.string()),
            ("signed_up_on", pa.date32()),
            ("updated_ts", TIME),
            ("attributes", ATTRIBUTES),
        ]
    ),
}
GOOD: dict[str, dict[str, Any]] = {
    "events": {
        "event_id": "1",
        "user_id": "ann",
        "item_id": "MILK",
        "event_type": "purchase",
        "event_ts": dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC),
        "quantity": 1.0,
        "price": 1.2,
    },
    "items": {"item_id": "MILK", "title": "Milk", "category": "DAIRY", "price": 1.2, "in_stock": True},
    "users": {"user_id": "ann", "segment": "Rome"},
}


def commit_rows(
    lake: Lake, table: str, rows: list[dict[str, Any]], *, day: dt.date = DAY, quarantined: int = 0
) -> None:
    """Commit `rows` as the partition of `day`; no rows make a partition without files."""
    staging = staging_folder(table)
    if rows:
        filesystem, root = lake.filesystem()
        lake.write_bytes(f"{staging}/_here", b"")
        data = pa.Table.from_pylist(rows, schema=SCHEMAS[table])
        pq.write_table(data, f"{root}/{staging}/part-0.parquet", filesystem=filesystem)
    counts = {"landed": len(rows) + quarantined, "ingested": len(rows), "duplicates": 0, "quarantined": quarantined}
    files = ["part-0.parquet"] if rows else []
    tag = fingerprint({"table": table, "day": day, "rows": rows, "quarantined": quarantined})
    commit_folder(lake, staging, partition_folder(table, day), fingerprint=tag, counts=counts, files=files)
    lake.delete(staging)


def commit_day(lake: Lake, *, day: dt.date = DAY, **rows: list[dict[str, Any]]) -> None:
    """Commit all three tables: the given rows, or one good row."""
    for table, good in GOOD.items():
        commit_rows(lake, table, rows.get(table, [good]), day=day)
