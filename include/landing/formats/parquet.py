"""Parquet; its records land as JSON lines, their values as text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from include.columns import INGEST_DATE
from include.contract.dataset import Delivery
from include.errors import InputError
from include.lake import Lake
from include.landing.formats import jsonl
from include.landing.formats.base import Layout, Opened, SourceRecord, SparkRecords, open_records
from include.landing.formats.text import named_errors

if TYPE_CHECKING:
    from pyspark.sql import DataFrameReader

TITLE = "Parquet"
ENDINGS: tuple[str, ...] = (".parquet",)
LANDS_AS = jsonl.LANDS_AS
ROWS_AT_ONCE = 20_000


def open_source(path: Path, delimiter: str, encoding: str) -> Opened:
    return open_records(lambda: _records(path))


def _records(path: Path) -> Iterator[SourceRecord]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with named_errors(path):
        try:
            for batch in pq.ParquetFile(path).iter_batches(ROWS_AT_ONCE):
                for row in pa.table(batch).to_pylist():
                    values = {name: None if value is None else _text(value) for name, value in row.items()}
                    yield SourceRecord(json.dumps(values, ensure_ascii=False), values, False)
        except pa.ArrowInvalid as error:
            raise InputError(f"{path} is no readable Parquet: {error}", remedy="write the file again") from error


def inspect(lake: Lake, path: str, source: Delivery) -> Layout | None:
    import pyarrow.parquet as pq

    filesystem, root = lake.filesystem()
    schema = pq.read_schema(f"{root}/{path}", filesystem=filesystem)
    layout = json.dumps([[field.name, str(field.type)] for field in schema])
    return Layout(tuple(schema.names), layout) if schema.names else None


def read_spark(reader: DataFrameReader, paths: list[str], columns: Sequence[str], source: Delivery) -> SparkRecords:
    from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

    values = {name: F.col(f"`{name}`") for name in columns if name != INGEST_DATE}
    return SparkRecords(reader.parquet(*paths), values, F.lit(False), F.lit(None).cast("string"))


def _text(value: object) -> str:
    """Return a value of a Parquet file as the text that the casts understand."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return json.dumps(value, default=str) if isinstance(value, dict | list) else str(value)
