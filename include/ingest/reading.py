"""Reads delivered files into one Spark frame: each record with its place and its values.

Python reads the files on the executors, with the modules of `include.landing.formats`, so that a
file means the same to `land` and to the ingest. Only flat Parquet, whose types Spark knows, is
read by Spark itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

from include import errors
from include.columns import INGEST_DATE, SOURCE_FILE
from include.contract.schema import CONTRACT
from include.contract.source import Delivery, SourceMapping, repeated
from include.errors import NightshelfError
from include.lake import Lake, connect_lake
from include.landing.delivered import DeliveredFile
from include.landing.formats import parquet
from include.landing.formats.rows import ABSENT, EXTRA, LINE, MALFORMED, POSITION, Wanted
from include.landing.stored import StoredFile

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import Column, DataFrame, SparkSession

__all__ = [
    "ABSENT",
    "BLOCK",
    "EXTRA",
    "LINE",
    "MALFORMED",
    "PLACE",
    "POSITION",
    "SOURCE",
    "VALUE",
    "as_text",
    "is_native",
    "named_failure",
    "quoted",
    "raw_record",
    "read_delivered",
    "with_texts",
]

# Where a record is: the block of its file (Spark splits large ones), its number in the block.
BLOCK = "_block"
PLACE = (INGEST_DATE, SOURCE_FILE, BLOCK, POSITION)
FIXED = {POSITION: "long", MALFORMED: "boolean", LINE: "string", ABSENT: "array<string>"}
SOURCE = "source"
# A column as the file has it, beside its text, where the files have types
VALUE = "_value_"
# Spark takes other characters in a path for patterns, or shows them encoded.
PLAIN_NAME = re.compile(r"[A-Za-z0-9._=-]+")
TASKS_A_CORE = 8
# Delivered bytes from which the rows of few files are spread over all cores: a file is read on one
MUCH = 16 << 20
_RAISED = re.compile(r"include\.errors\.(\w+): (.*?)\. Remedy: (.*?)\.\s*$", re.M)


def read_delivered(
    spark: SparkSession, lake: Lake, table: str, files: Sequence[DeliveredFile], part: SourceMapping
) -> DataFrame:
    """Return the records of `files`, at least one, which all belong to one source of the table.

    Returns
    -------
    `PLACE`, `MALFORMED` (boolean), `LINE` (the record's text, null where the columns make it up),
    `ABSENT`, the columns of the source and, for the quarantine only, the other columns, and numbers as
    they are delivered, under names that begin with `EXTRA`. All values are text, null where a file lacks
    the column; those that files of one schema have typed are as they are, under names that begin with
    `VALUE`: see `with_texts`. The position counts the records of one block from an arbitrary start; rows
    that `explode` makes share it.
    """
    wanted = wanted_of(table, part)
    groups: dict[tuple[str, ...], list[DeliveredFile]] = {}
    for file in files:
        groups.setdefault(_group(file, wanted), []).append(file)
    read = {True: _read_by_spark, False: _read_by_python}
    frames = [read[is_native(group[0], part)](spark, lake, table, group, wanted) for _, group in sorted(groups.items())]
    if len(frames) > 1:  # a column may have another type in another group
        frames = [with_texts(frame).drop(*_typed_columns(frame)) for frame in frames]
    return reduce(lambda whole, frame: whole.unionByName(frame, allowMissingColumns=True), frames)


def wanted_of(table: str, part: SourceMapping) -> Wanted:
    """Return what is read of the files of one source of a table."""
    contract = CONTRACT[table]
    numbers = part.number_columns([column.name for column in contract.columns if column.kind == "number"])
    separators = part.source.decimal != "." or part.source.thousands
    return Wanted(part, frozenset(numbers if separators else ()), contract.keep == "latest")


def with_texts(frame: DataFrame) -> DataFrame:
    """Add the texts of typed values to the rows of `read_delivered`: late, so that few rows pay for them."""
    kinds = dict(frame.dtypes)
    texts = [
        as_text(F.col(quoted(name)), kinds[name]).alias(name.removeprefix(VALUE)) for name in _typed_columns(frame)
    ]
    extras = {name for name, kind in kinds.items() if name.startswith(EXTRA) and kind != "string"}
    kept = [
        as_text(F.col(quoted(name)), kinds[name]).alias(name) if name in extras else F.col(quoted(name))
        for name in frame.columns
    ]
    return frame.select(*kept, *texts) if texts or extras else frame


def _typed_columns(frame: DataFrame) -> list[str]:
    return [name for name in frame.columns if name.startswith(VALUE)]


def raw_record(frame: DataFrame, source: Delivery) -> Column:
    """Return the record as delivered: its line, or a JSON object of its columns that are not empty.

    `frame` holds the columns of `source` in the struct `SOURCE`, and the other ones as they were read.
    """
    extras = [name for name in frame.columns if name.startswith(EXTRA)]
    own = [name for name in source.columns if EXTRA + name not in extras]
    fields = [F.col(f"{SOURCE}.{quoted(name)}").alias(name) for name in own]
    fields += [F.col(quoted(name)).alias(name.removeprefix(EXTRA)) for name in extras]
    return F.coalesce(F.col(LINE), F.to_json(F.struct(*fields)))


def quoted(name: str) -> str:
    """Return a column's name as Spark takes it, whatever it holds."""
    return f"`{name.replace('`', '``')}`"


def as_text(value: Column, kind: str) -> Column:
    """Return a typed value as text, as `include.landing.formats.values.as_text` does.

    Parameters
    ----------
    kind
        The Spark type of `value`, as `DataFrame.dtypes` names it.
    """
    if kind in ("float", "double"):
        whole = F.abs(value) < 2.0**53
        whole = whole & (value == F.floor(value))
        return F.when(
            ~F.isnan(value), F.when(whole, value.cast("bigint").cast("string")).otherwise(value.cast("string"))
        )
    if kind == "timestamp":
        return F.regexp_replace(F.date_format(value, "yyyy-MM-dd HH:mm:ss.SSSSSSXXX"), r"\.0+(?=[Z+-])", "")
    return value.cast("string")


def named_failure(error: Exception) -> NightshelfError | None:
    """Return the error that Python raised on an executor on purpose, None for any other."""
    found = _RAISED.search(str(error))
    kind = getattr(errors, found[1], None) if found else None
    return kind(found[2], remedy=found[3]) if found and kind else None


def _group(file: DeliveredFile, wanted: Wanted) -> tuple[str, ...]:
    """Return what is equal for files that are read together."""
    if is_native(file, wanted.part):
        return ("native", str(file.schema))
    return (file.format.NAME, *sorted(_extras(file, wanted)))


def _extras(file: DeliveredFile, wanted: Wanted) -> list[str]:
    return [] if file.format.KEEPS_LINES or wanted.source.explode else wanted.extras(file.columns)


def is_native(file: DeliveredFile, part: SourceMapping) -> bool:
    """Tell whether Spark reads the file as Python would, which is flat Parquet with a plain name."""
    if file.schema is None or part.source.explode or not PLAIN_NAME.fullmatch(file.name):
        return False
    names = file.schema.names
    nested = [name for name in part.source.columns if name in file.columns and name not in names]
    return not nested and not repeated(names) and all(parquet.is_plain(entry.type) for entry in file.schema)


def _read_by_python(
    spark: SparkSession, lake: Lake, table: str, group: Sequence[DeliveredFile], wanted: Wanted
) -> DataFrame:
    extras = sorted(_extras(group[0], wanted))
    texts = [*wanted.columns, *(EXTRA + name for name in extras)]
    kinds = {INGEST_DATE: "string", SOURCE_FILE: "string", BLOCK: "long", **FIXED, **dict.fromkeys(texts, "string")}
    schema = ", ".join(f"{quoted(name)} {kind}" for name, kind in kinds.items())
    cores = spark.sparkContext.defaultParallelism
    numbers = spark.range(0, len(group), 1, min(len(group), TASKS_A_CORE * cores))
    rows = numbers.mapInArrow(_reader(lake, group, wanted, list(kinds)), schema)
    spread = len(group) < cores and sum(file.size for file in group) > MUCH
    return rows.repartition(cores, POSITION) if spread else rows


def _reader(
    lake: Lake, group: Sequence[DeliveredFile], wanted: Wanted, names: Sequence[str]
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return what an executor does: read the files whose numbers it gets."""
    uri, root, form = lake.uri, lake.filesystem()[1], group[0].format
    files = [(str(file.day), file.name, lake.uri_of(file.path), f"{root}/{file.path}", file.columns) for file in group]

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        filesystem = connect_lake(uri)
        for number in (number for batch in batches for number in batch.column(0).to_pylist()):
            day, name, shown, path, columns = files[number]
            for batch in form.read_batches(StoredFile(shown, filesystem, path), wanted, columns):
                place = {INGEST_DATE: pa.scalar(day), SOURCE_FILE: pa.scalar(name), BLOCK: pa.scalar(0, pa.int64())}
                known = {key: pa.repeat(value, len(batch)) for key, value in place.items()}
                known |= dict(zip(batch.schema.names, batch.columns, strict=True))
                yield pa.RecordBatch.from_arrays([known[name] for name in names], names=list(names))

    return read


def _read_by_spark(
    spark: SparkSession, lake: Lake, table: str, group: Sequence[DeliveredFile], wanted: Wanted
) -> DataFrame:
    """Return flat Parquet files of one schema; the records are numbered before anything filters or moves them."""
    reader = spark.read.option("basePath", lake.uri_of(table))
    frame = reader.parquet(*[_without_pattern(lake.uri_of(file.path)) for file in group])
    entries = [entry for entry in group[0].schema or () if entry.name != INGEST_DATE]
    kinds = dict(frame.dtypes)
    values = {entry.name: _value(entry, kinds[entry.name]) for entry in entries}
    source = wanted.source
    absent = wanted.absent([name for name in source.columns if name not in values])
    placed = frame.select(
        "*",
        F.col("_metadata.file_name").alias(SOURCE_FILE),
        F.col("_metadata.file_block_start").alias(BLOCK),
        F.monotonically_increasing_id().alias(POSITION),
    )
    return placed.select(
        *PLACE,
        F.lit(False).alias(MALFORMED),
        F.lit(None).cast("string").alias(LINE),
        F.lit(absent).cast("array<string>").alias(ABSENT),
        *[F.lit(None).cast("string").alias(name) for name in source.columns if name not in values],
        *[values[name].alias(VALUE + name) for name in source.columns if name in values],
        *[values[name].alias(EXTRA + name) for name in wanted.extras(list(values))],
    )


def _without_pattern(uri: str) -> str:
    """Escape the characters that Spark takes for a pattern."""
    return re.sub(r"([*?{}\[\]\\])", r"\\\1", uri)


def _value(entry: pa.Field, kind: str) -> Column:
    """Return a column's value; nanoseconds, which Spark reads as numbers, are times again."""
    import pyarrow.types as pt

    column = F.col(quoted(entry.name))
    if not pt.is_timestamp(entry.type) or kind == "timestamp_ntz":
        return column
    micros = F.expr(f"{quoted(entry.name)} div 1000") if kind == "bigint" else F.unix_micros(column)
    if entry.type.tz is not None:
        return F.timestamp_micros(micros)
    since_1970 = F.make_dt_interval(secs=(micros.cast("decimal(20,0)") / 1_000_000).cast("decimal(18,6)"))
    return F.lit("1970-01-01").cast("timestamp_ntz") + since_1970
