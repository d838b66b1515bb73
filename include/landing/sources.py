"""One's own files as a stream of records: CSV and JSON lines line by line, Parquet row by row.

A line is a record. A line that cannot be taken apart stays in the stream as it is, so that
the ingest can set it aside with its text; only a file as a whole is refused.
"""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from include.errors import InputError

Format = Literal["csv", "jsonl", "parquet"]
FORMATS: dict[str, Format] = {
    ".csv": "csv",
    ".csv.gz": "csv",
    ".jsonl": "jsonl",
    ".jsonl.gz": "jsonl",
    ".parquet": "parquet",
}
# Characters that Spark's readers, too, take for nothing when a line has no others.
BLANK = "".join(map(chr, range(33)))
KEYS_FROM_RECORDS = 1000
PARQUET_ROWS = 20_000


class Record(NamedTuple):
    """One record: its text, its values by column as far as they are known, and whether it is broken."""

    line: str
    values: Mapping[str, object]
    broken: bool


def format_of(name: str) -> Format | None:
    """Return the format that a file's name stands for, or None."""
    return next((form for suffix, form in FORMATS.items() if name.endswith(suffix)), None)


def split_csv(line: str, delimiter: str) -> list[str]:
    """Return the fields of one line of CSV; a quote inside a quoted field is written twice."""
    if '"' not in line:
        return line.split(delimiter)
    return next(csv.reader([line], delimiter=delimiter))


def parse_json(line: str) -> Record:
    """Return the record of one JSON line; anything but one object is broken."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        values = None
    return Record(line, values, False) if isinstance(values, dict) else Record(line, {}, True)


@dataclass(frozen=True)
class SourceFile:
    """A file of records.

    Parameters
    ----------
    path
        CSV, JSON lines (either may be gzip) or Parquet, told by the name's ending.
    delimiter, encoding
        Of the text in it.

    Raises
    ------
    InputError
        When the name says nothing about the format; while reading, when the file is
        damaged or in another encoding.
    """

    path: Path
    delimiter: str = ","
    encoding: str = "utf-8"

    @property
    def format(self) -> Format:
        form = format_of(self.path.name)
        if form is None:
            raise InputError(
                f"{self.path} is neither CSV, JSON lines nor Parquet by its name",
                remedy=f"give it one of the endings {', '.join(FORMATS)}",
            )
        return form

    def columns(self) -> list[str]:
        """Return the file's columns: CSV's header, Parquet's schema, the keys of JSON's first records."""
        if self.format == "csv":
            return self._header(next(self._lines(), ""))
        found: dict[str, None] = {}
        for number, record in enumerate(self.records(), start=1):
            found.update(dict.fromkeys(record.values))
            if number == KEYS_FROM_RECORDS:
                break
        return list(found)

    def header(self) -> str:
        """Return the header line of a CSV file, and an empty text for other formats."""
        return next(self._lines(), "") if self.format == "csv" else ""

    def records(self) -> Iterator[Record]:
        """Yield the records in order."""
        if self.format == "parquet":
            return self._parquet_records()
        if self.format == "jsonl":
            return map(parse_json, self._lines())
        return self._csv_records()

    def _header(self, line: str) -> list[str]:
        return [name.strip() for name in split_csv(line, self.delimiter)] if line else []

    def _csv_records(self) -> Iterator[Record]:
        lines = self._lines()
        header = self._header(next(lines, ""))
        for line in lines:
            fields = split_csv(line, self.delimiter)
            yield Record(line, dict(zip(header, fields, strict=False)), len(fields) != len(header))

    def _lines(self) -> Iterator[str]:
        encoding = "utf-8-sig" if self.encoding.lower() in ("utf-8", "utf8", "utf_8") else self.encoding
        number = 0
        with self._named_errors():
            try:
                opener = gzip.open if self.path.name.endswith(".gz") else open
                with opener(self.path, "rt", encoding=encoding) as stream:
                    for number, line in enumerate(stream, start=1):  # noqa: B007 - the error names it
                        if line.strip(BLANK):
                            yield line.rstrip("\n")
            except UnicodeDecodeError as error:
                raise InputError(
                    f"{self.path} is not {self.encoding} soon after line {number}: {error.reason}",
                    remedy="name its encoding in the mapping's land.encoding, for example cp1252, or save it as UTF-8",
                ) from error

    def _parquet_records(self) -> Iterator[Record]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        with self._named_errors():
            try:
                for batch in pq.ParquetFile(self.path).iter_batches(PARQUET_ROWS):
                    for row in pa.table(batch).to_pylist():
                        values = {name: None if value is None else _text(value) for name, value in row.items()}
                        yield Record(json.dumps(values, ensure_ascii=False), values, False)
            except pa.ArrowInvalid as error:
                raise InputError(
                    f"{self.path} is no readable Parquet: {error}", remedy="write the file again"
                ) from error

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise InputError(f"{self.path} is damaged: {error}", remedy="get the file again") from error
        except OSError as error:
            raise InputError(
                f"{self.path} cannot be read: {error.strerror}", remedy="correct the path or its permissions"
            ) from error


def _text(value: object) -> str:
    """Return a value of a Parquet file as the text that the casts understand."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return json.dumps(value, default=str) if isinstance(value, dict | list) else str(value)
