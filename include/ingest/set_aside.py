"""Reads what was set aside as if it were delivered again: from the quarantine, not from the delivered files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from include.columns import ELEMENT, INGEST_DATE, RAW, REASONS, RECORD, SOURCE_FILE
from include.contract.source import SourceMapping
from include.errors import InputError
from include.ingest.accounts import QUARANTINED
from include.ingest.books import COLUMNS, folder_of
from include.ingest.reading import BLOCK, FIXED, quoted, wanted_of
from include.lake import Lake, Manifest, partition_folder
from include.landing.delivered import part_of
from include.landing.formats import csv, format_of
from include.landing.formats.jsonl import parse_json
from include.landing.formats.rows import Wanted, batch_of, rows_of
from include.spark.files import read_parquet

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

SCHEMA = (
    f"{SOURCE_FILE} string, {RECORD} bigint, {ELEMENT} int, {REASONS} array<string>, {RAW} string, {INGEST_DATE} date"
)


class Origin(NamedTuple):
    """A file of a day that rows were set aside of: its source's number, whether it is CSV, and its columns if known."""

    part: int
    is_csv: bool
    columns: tuple[str, ...]


def read_set_aside(
    spark: SparkSession, lake: Lake, table: str, days: Mapping[dt.date, Manifest], parts: Sequence[SourceMapping]
) -> list[tuple[DataFrame, SourceMapping]]:
    """Return the quarantined rows of `days`, by source, as `read_delivered` returns rows; the line is `RAW`.

    A record's position is its number in the file. A row that `explode` made is that one row again; a record that was
    not exploded becomes as many rows as `explode` makes of it now.

    Raises
    ------
    InputError
        When a file belongs to no source of the mapping.
    """
    folder = folder_of(QUARANTINED, table)
    uris = [lake.uri_of(f"{partition_folder(folder, day)}/{path}") for day, one in days.items() for path in one.paths()]
    rows = read_parquet(spark, lake, folder, uris, SCHEMA)
    origins = {
        (str(day), name): _origin(table, name, parts, manifest.details.get(COLUMNS, {}).get(name, ()))
        for day, manifest in days.items()
        for name, counts in manifest.details["files"].items()
        if counts[QUARANTINED]
    }
    frames = []
    for number, part in enumerate(parts):
        if own := {place: origin for place, origin in origins.items() if origin.part == number}:
            wanted = wanted_of(table, part)
            kinds = {INGEST_DATE: "string", SOURCE_FILE: "string", BLOCK: "long", **FIXED}
            kinds |= dict.fromkeys(wanted.columns, "string")
            schema = ", ".join(f"{quoted(name)} {kind}" for name, kind in kinds.items())
            frames.append((rows.mapInArrow(_reader(own, wanted, list(kinds)), schema), part))
    return frames


def _origin(table: str, name: str, parts: Sequence[SourceMapping], columns: Sequence[str]) -> Origin:
    part = part_of(name, parts)
    if part is None:
        raise InputError(
            f"{name}, of which rows were set aside, belongs to no source of {table} by its name",
            remedy=f"add its name to the files of a source in tables.{table} of the mapping",
        )
    return Origin(part, format_of(name, parts[part].source) is csv, tuple(columns))


def _reader(
    origins: Mapping[tuple[str, str], Origin], wanted: Wanted, names: Sequence[str]
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return what an executor does: parse the records of these files again."""

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            found: dict[bool, list[tuple[str, str, list[object]]]] = {}
            for row in batch.to_pylist():
                place = (str(row[INGEST_DATE]), row[SOURCE_FILE])
                if origin := origins.get(place):
                    made = ((*place, values) for values in _rows(row, origin, wanted))
                    found.setdefault(origin.is_csv, []).extend(made)
            for is_csv, rows in found.items():
                yield _batch(rows, wanted, names, localised=is_csv)

    return read


def _rows(row: Mapping[str, Any], origin: Origin, wanted: Wanted) -> list[list[object]]:
    """Return the rows that a set-aside row is now."""
    record = parse_json(row[RAW])
    if origin.columns and (record.broken or not set(record.values) <= set(origin.columns)):
        record = csv.parse_record(row[RAW], origin.columns, wanted.source)
    values = {**dict.fromkeys(origin.columns), **{name: value or None for name, value in record.values.items()}}
    if origin.columns and not record.broken:
        record = record._replace(values=values)
    rows = list(rows_of(row[RECORD], record, wanted))
    if row[ELEMENT] and not record.broken and wanted.source.explode:
        return [one for one in rows if one[-1] == str(row[ELEMENT])] or rows[:1]
    return rows


def _batch(
    rows: Sequence[tuple[str, str, list[object]]], wanted: Wanted, names: Sequence[str], *, localised: bool
) -> pa.RecordBatch:
    import pyarrow as pa

    batch = batch_of([values for _, _, values in rows], wanted)
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    if localised:
        columns |= {name: csv.plain_numbers(columns[name], wanted.source) for name in wanted.numbers}
    columns[INGEST_DATE] = pa.array([day for day, _, _ in rows], pa.string())
    columns[SOURCE_FILE] = pa.array([name for _, name, _ in rows], pa.string())
    columns[BLOCK] = pa.repeat(pa.scalar(0, pa.int64()), len(rows))
    return pa.RecordBatch.from_arrays([columns[name] for name in names], names=list(names))
