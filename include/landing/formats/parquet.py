"""Parquet; its records land as JSON lines, their values as text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from include.columns import INGEST_DATE
from include.contract.dataset import Source
from include.errors import InputError
from include.lake import Lake
from include.landing.formats import jsonl
from include.landing.formats.base import Layout, SourceRecord, SparkRecords, keys_of
from include.landing.formats.text import named_errors

if TYPE_CHECKING:
    from pyspark.sql import DataFrameReader

    from include.landing.sources import SourceFile

TITLE = "Parquet"
ENDINGS: tuple[str, ...] = (".parquet",)
WRITTEN = jsonl.WRITTEN
ROWS_AT_ONCE = 20_000


def head(file: SourceFile) -> tuple[str, list[str]]:
    return "", keys_of(records(file))


def records(file: SourceFile) -> Iterator[SourceRecord]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with named_errors(file.path):
        try:
            for batch in pq.ParquetFile(file.path).iter_batches(ROWS_AT_ONCE):
                for row in pa.table(batch).to_pylist():
                    values = {name: None if value is None else _text(value) for name, value in row.items()}
                    yield SourceRecord(json.dumps(values, ensure_ascii=False), values, False)
        except pa.ArrowInvalid as error:
            raise InputError(f"{file.path} is no readable Parquet: {error}", remedy="write the file again") from error


def inspect(lake: Lake, path: str, source: Source) -> Layout | None:
    import pyarrow.parquet as pq

    filesystem, root = lake.filesystem()
    schema = pq.read_schema(f"{root}/{path}", filesystem=filesystem)
    layout = json.dumps([[field.name, str(field.type)] for field in schema])
    return Layout(tuple(schema.names), layout) if schema.names else None


def spark_records(
    reader: DataFrameReader, paths: Sequence[str], columns: Sequence[str], source: Source
) -> SparkRecords:
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
