"""Avro; its records land as JSON lines."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from include.contract.source import Delivery
from include.landing.formats import jsonl
from include.landing.formats.base import Opened, SourceRecord, open_records
from include.landing.formats.rows import Wanted, batches_of
from include.landing.formats.values import as_text
from include.landing.stored import StoredFile, damaged

if TYPE_CHECKING:
    import pyarrow as pa

NAME = "avro"
TITLE = "Avro"
ENDINGS: tuple[str, ...] = (".avro",)
LANDS_AS = jsonl.LANDS_AS
KEEPS_LINES = True


def open_file(file: StoredFile, source: Delivery) -> Opened:
    return open_records(lambda: _records(file))


def read_batches(file: StoredFile, wanted: Wanted, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    return batches_of(_records(file), wanted)


def _records(file: StoredFile) -> Iterator[SourceRecord]:
    import fastavro
    from fastavro.schema import SchemaParseException, UnknownType

    # What fastavro raises for damaged bytes depends on what it took them for.
    wrong = (ValueError, LookupError, TypeError, ArithmeticError, AttributeError, MemoryError, RuntimeError)
    broken = (*wrong, SystemError, zlib.error, SchemaParseException, UnknownType)
    with file.open() as stream:
        try:
            for values in fastavro.reader(stream):
                yield record_of(values) if isinstance(values, dict) else SourceRecord(str(values), {}, True)
        except broken as error:
            raise damaged(file.name, f"{type(error).__name__}: {error}") from error


def record_of(values: dict[str, object]) -> SourceRecord:
    """Return a record of typed values; its line shows them as JSON, and bytes as well as can be."""
    return SourceRecord(json.dumps(values, default=_shown, ensure_ascii=False, skipkeys=True), values, False)


def _shown(value: object) -> str | None:
    return value.decode(errors="replace") if isinstance(value, bytes) else as_text(value)
