"""Parquet; its records land as JSON lines.

Spark reads most files itself. This module reads those whose types Spark does not know or shows as
something else, and those of `land`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from include.contract.source import Delivery
from include.errors import InputError
from include.landing.formats import jsonl
from include.landing.formats.avro import record_of
from include.landing.formats.base import Opened, SourceRecord
from include.landing.formats.rows import Wanted, batches_of
from include.landing.stored import StoredFile

if TYPE_CHECKING:
    import pyarrow as pa

NAME = "parquet"
TITLE = "Parquet"
ENDINGS: tuple[str, ...] = (".parquet",)
LANDS_AS = jsonl.LANDS_AS
KEEPS_LINES = True
ROWS_AT_ONCE = 20_000


def open_file(file: StoredFile, source: Delivery) -> Opened:
    schema = _schema(file)
    return Opened("", [path for entry in schema for path in _paths(entry)], _records(file), schema)


def read_batches(file: StoredFile, wanted: Wanted, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    return batches_of(_records(file), wanted)


def _schema(file: StoredFile) -> pa.Schema:
    import pyarrow.parquet as pq

    with file.named_errors():
        return pq.read_schema(file.path, filesystem=file.filesystem)


def _paths(entry: pa.Field) -> Iterator[str]:
    import pyarrow.types as pt

    yield entry.name
    kind = entry.type
    while pt.is_list(kind) or pt.is_large_list(kind) or pt.is_fixed_size_list(kind):
        kind = kind.value_type
    if pt.is_struct(kind):
        for inner in kind:
            yield from (f"{entry.name}.{path}" for path in _paths(inner))


def _records(file: StoredFile) -> Iterator[SourceRecord]:
    import pyarrow.parquet as pq

    with file.named_errors(), file.filesystem.open_input_file(file.path) as stream:
        for batch in pq.ParquetFile(stream).iter_batches(ROWS_AT_ONCE):
            names = _unique(batch.schema.names)
            columns = [_values(file, name, column) for name, column in zip(names, batch.columns, strict=True)]
            for row in zip(*columns, strict=True):
                yield record_of(dict(zip(names, row, strict=True)))


def _unique(names: Sequence[str]) -> list[str]:
    return [f"{name}_{number}" if name in names[:number] else name for number, name in enumerate(names)]


def _values(file: StoredFile, name: str, column: pa.Array) -> list[object]:
    """Return flat values as text, nested ones as Python's, and bytes that are no UTF-8 as they are.

    Raises
    ------
    InputError
        When Python has no such value, as a nested time of the year 12000.
    """
    import pyarrow as pa
    import pyarrow.types as pt

    try:
        if not pt.is_nested(column.type):
            column = _texts(column)
        return list(column.to_pylist(maps_as_pydicts="lossy"))
    except UnicodeDecodeError:
        return list(column.cast(pa.binary()).to_pylist())
    except (ValueError, OverflowError) as error:
        raise InputError(
            f"column {name} of {file.name} has a value that cannot be read: {error}",
            remedy="write the column as text, or leave it out",
        ) from error


def _texts(column: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as pt

    kind = column.type
    if pt.is_timestamp(kind):
        instants = column if kind.tz is None else column.cast(pa.timestamp(kind.unit, "UTC"))
        return pc.replace_substring_regex(instants.cast(pa.string()), r"\.?0*(Z?)$", r"\1")
    if pt.is_floating(kind):
        column = pc.if_else(pc.is_nan(column), None, column)
    try:
        return column.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return column


def is_plain(kind: pa.DataType) -> bool:
    """Tell whether Spark reads values of a type as this module does."""
    import pyarrow.types as pt

    known = (pt.is_string, pt.is_large_string, pt.is_boolean, pt.is_signed_integer, pt.is_float32, pt.is_float64)
    if pt.is_dictionary(kind):
        return is_plain(kind.value_type)
    return any(test(kind) for test in (*known, pt.is_date32, pt.is_decimal128, pt.is_timestamp))
