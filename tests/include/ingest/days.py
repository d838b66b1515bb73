"""What the tests of the ingest look at: the committed rows of a day, and what was set aside of them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow.parquet as pq

from include.lake import Lake, open_folder, partition_folder
from tests.include.contract.mappings import DAY

HEADER = "receipt,article,at,pieces,customer,amount\n"
GOOD = "1,milk,2026-03-02 09:00:00,1,ann,1.20\n"


def rows(lake: Lake, table: str, day: dt.date = DAY) -> list[dict[str, Any]]:
    """Return a committed partition's rows."""
    filesystem, root = lake.filesystem()
    folder = partition_folder(table, day)
    paths = [f"{root}/{folder}/{path}" for path in open_folder(lake, folder).paths()]
    tables = [pq.read_table(path, filesystem=filesystem, partitioning=None) for path in paths]
    return [row for table in tables for row in table.to_pylist()]


def reasons(lake: Lake, table: str = "events", day: dt.date = DAY) -> dict[tuple[str, int], list[str]]:
    """Return the reasons by file and record."""
    return {(row["source_file"], row["record"]): row["reasons"] for row in rows(lake, f"quarantine/{table}", day)}
