"""JSON lines: one object a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from include.contract.source import Delivery
from include.errors import InputError
from include.landing.formats.base import LineFormat, Opened, SourceRecord, open_records
from include.landing.formats.rows import Wanted, batches_of
from include.landing.formats.text import endings, read_lines
from include.landing.formats.values import MISSING
from include.landing.stored import StoredFile

if TYPE_CHECKING:
    import pyarrow as pa

NAME = "jsonl"
TITLE = "JSON lines"
ENDINGS = endings(".jsonl", ".ndjson", ".json")
KEEPS_LINES = True


def parse_json(line: str) -> SourceRecord:
    """Return the record of one JSON line; anything but one object is broken."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        values = None
    return SourceRecord(line, values, False) if isinstance(values, dict) else SourceRecord(line, {}, True)


def open_file(file: StoredFile, source: Delivery) -> Opened:
    """Open a file; lines that are all broken are records without columns.

    Raises
    ------
    InputError
        When the file is one JSON text over several lines.
    """
    first = next(read_lines(file, source.encoding), "").strip()
    if first in ("[", "{") or first.startswith("[{"):
        raise InputError(
            f"{file.name} is one JSON text, it begins with {first[:20]!r}; JSON lines are one object a line",
            remedy="write each record on a line of its own, as `jq -c '.[]'` does",
        )
    return open_records(lambda: _records(file, source))


def read_batches(file: StoredFile, wanted: Wanted, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    return batches_of(_records(file, wanted.source), wanted)


def _records(file: StoredFile, source: Delivery) -> Iterator[SourceRecord]:
    return map(parse_json, read_lines(file, source.encoding))


def _start(columns: Sequence[str], source: Delivery) -> tuple[str, Callable[[Sequence[object]], str]]:
    # A day may hold no record with a column that its files must have.
    needed = {name: None for name in columns if name in source.required}

    def line(values: Sequence[object]) -> str:
        given = {name: value for name, value in zip(columns, values, strict=True) if value is not MISSING}
        return json.dumps(needed | given, ensure_ascii=False)

    return "", line


LANDS_AS = LineFormat(".jsonl.gz", _start)
