"""Equal rows have equal tags, whatever order the writer gave the footer's lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.lake import Lake, open_lake, staging_folder
from include.lake.parquet import rows_tag
from tests.commits import commit_all

ROWS = pa.table({"item_id": ["a", "b", "c"] * 500, "price": [1.0, None, 2.5] * 500})


def write(lake: Lake, name: str, rows: pa.Table, **options: Any) -> str:
    lake.write_bytes(f"{name}.parquet", b"")
    pq.write_table(rows, f"{lake.filesystem()[1]}/{name}.parquet", **options)
    return f"{name}.parquet"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_lake(tmp_path.as_uri())


def reorder_footer(path: Path) -> None:
    """Swap the encodings PLAIN and RLE in the footer's lists, as another run of the JVM may do."""
    data = bytearray(path.read_bytes())
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    # Thrift's compact protocol: a list of three i32, zigzag: PLAIN 0, RLE 3 -> 6, RLE_DICTIONARY 8 -> 16
    place = data.index(b"\x35\x00\x06\x10", footer)
    data[place + 1], data[place + 2] = data[place + 2], data[place + 1]
    path.write_bytes(data)


def test_the_order_of_encodings_does_not_matter(lake: Lake, tmp_path: Path) -> None:
    one, other = write(lake, "one", ROWS), write(lake, "other", ROWS)
    reorder_footer(tmp_path / other)
    assert pq.read_table(tmp_path / other).equals(ROWS)
    assert lake.content_tag(one) != lake.content_tag(other)
    assert rows_tag(lake, one) == rows_tag(lake, other)


@pytest.mark.parametrize(
    "rows",
    [
        ROWS.slice(1),
        ROWS.take(list(range(ROWS.num_rows))[::-1]),
        ROWS.rename_columns(["item_id", "cost"]),
        ROWS.cast(pa.schema([("item_id", pa.string()), ("price", pa.float32())])),
        ROWS.set_column(1, "price", pa.array([1.0, None, 2.6] * 500)),
    ],
    ids=["fewer rows", "another order", "another name", "another type", "another value"],
)
def test_other_rows_or_another_schema_matter(lake: Lake, rows: pa.Table) -> None:
    assert rows_tag(lake, write(lake, "one", ROWS)) != rows_tag(lake, write(lake, "other", rows))


def test_a_file_that_only_bears_the_name_has_the_lakes_own_tag(lake: Lake) -> None:
    lake.write_bytes("short.parquet", b"no")
    lake.write_bytes("empty.parquet", b"")
    assert rows_tag(lake, "short.parquet") == lake.content_tag("short.parquet")
    assert rows_tag(lake, "empty.parquet") == lake.content_tag("empty.parquet")


def test_equal_rows_are_committed_under_equal_names(lake: Lake, tmp_path: Path) -> None:
    manifests = []
    for number in range(2):
        staged = staging_folder("test")
        path = write(lake, f"{staged}/part-0", ROWS)
        if number:
            reorder_footer(tmp_path / path)
        manifests.append(commit_all(lake, staged, "t/D", fingerprint="f"))
    assert manifests[0] == manifests[1]
