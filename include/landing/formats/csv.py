"""CSV as RFC 4180 means it: quoted fields may hold delimiters, line breaks and doubled quotes.

Blocks of lines without a quote go to pyarrow as they are; the others are split by `csv_records`.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from include.contract.source import Delivery, repeated
from include.errors import InputError
from include.landing.formats.base import LineFormat, Opened, SourceRecord
from include.landing.formats.csv_records import Dialect, Lines, Record, split_records
from include.landing.formats.rows import ABSENT, EXTRA, LINE, MALFORMED, POSITION, ROWS_AT_ONCE, Wanted, batches_of
from include.landing.formats.text import BLANK, BLANK_LINE, endings, read_blocks
from include.landing.formats.values import MISSING
from include.landing.stored import StoredFile

if TYPE_CHECKING:
    import pyarrow as pa

NAME = "csv"
TITLE = "CSV"
ENDINGS = endings(".csv", ".tsv")
KEEPS_LINES = False
# Before the header, for Excel; the mapping names the delimiter.
SEPARATOR_LINE = re.compile(r"sep=.")


class Header(NamedTuple):
    """The first record of a file: its text (empty for none), the columns, and how many of them have a name."""

    text: str
    columns: list[str]
    named: int

    def fit(self, fields: Sequence[str] | None) -> list[str] | None:
        """Return one field a column, None for another number; columns without a name or a value may be left out."""
        if fields is None:
            return None
        width = len(self.columns)
        if len(fields) > width and not any(fields[width:]):
            return list(fields[:width])
        if self.named <= len(fields) < width:
            return [*fields, *[""] * (width - len(fields))]
        return list(fields) if len(fields) == width else None


def open_file(file: StoredFile, source: Delivery) -> Opened:
    header, parts = _open(file, source)
    dialect = Dialect.of(source)

    def record(text: str, fields: list[str] | None) -> SourceRecord:
        fitted = header.fit(fields)
        values = fitted or fields or dialect.split(text)
        return SourceRecord(text, dict(zip(header.columns, values, strict=False)), fitted is None)

    def records() -> Iterator[SourceRecord]:
        for part in parts:
            if isinstance(part, Record):
                yield record(*part)
            else:
                yield from (record(line, dialect.parse(line)) for line in part.text.split("\n") if line.strip(BLANK))

    return Opened(header.text, header.columns, records())


def read_batches(file: StoredFile, wanted: Wanted, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    if wanted.source.explode:
        return batches_of(open_file(file, wanted.source).records, wanted)
    header, parts = _open(file, wanted.source)
    return _Batches(file, wanted, header).read(parts)


def _open(file: StoredFile, source: Delivery) -> tuple[Header, Iterator[Lines | Record]]:
    """Read the header; return it with what follows."""
    parts = split_records(read_blocks(file, source.encoding), Dialect.of(source))
    if source.names:
        return Header("", list(source.names), len(source.names)), parts
    for part in parts:
        if isinstance(part, Record):
            if not SEPARATOR_LINE.fullmatch(part.text):
                return _header(file, part.text, part.fields, source), parts
            continue
        rest = part.text
        while rest:
            line, _, rest = rest.partition("\n")
            if line.strip(BLANK) and not SEPARATOR_LINE.fullmatch(line):
                return _header(file, line, line.split(source.delimiter), source), itertools.chain([Lines(rest)], parts)
    return Header("", [], 0), iter(())


def _header(file: StoredFile, text: str, fields: list[str] | None, source: Delivery) -> Header:
    """Name the columns; one without a name is called by its number, as Spark does."""
    if fields is None:
        raise InputError(f"{file.name} begins with {text[:80]!r}, which is no header", remedy="correct its quotes")
    names = [name.strip() for name in fields]
    named = max((number for number, name in enumerate(names, start=1) if name), default=0)
    names = [name or f"_{number}" for number, name in enumerate(names, start=1)]
    twice = repeated(names)
    if used := [name for name in twice if name.casefold() in {column.casefold() for column in source.columns}]:
        raise InputError(
            f"{file.name} has the column {', '.join(used)} more than once",
            remedy="deliver it with one column of each name, then clear the task",
        )
    names = [f"{name}_{number}" if name in twice else name for number, name in enumerate(names, start=1)]
    return Header(text, names, named)


class _Batches:
    """The records of one file as batches."""

    def __init__(self, file: StoredFile, wanted: Wanted, header: Header) -> None:
        self.file, self.wanted, self.header = file, wanted, header
        self.dialect = Dialect.of(wanted.source)
        self.extras = wanted.extras(header.columns)
        self.absent = wanted.absent([name for name in wanted.source.columns if name not in header.columns])
        self.position = 0

    def read(self, parts: Iterable[Lines | Record]) -> Iterator[pa.RecordBatch]:
        single: list[Record] = []
        for part in parts:
            if isinstance(part, Record):
                single.append(part)
            if single and (isinstance(part, Lines) or len(single) >= ROWS_AT_ONCE):
                yield self._of_records(single)
                single = []
            if isinstance(part, Lines):
                yield from self._of_lines(part.text)
        if single:
            yield self._of_records(single)

    def _of_records(self, records: Sequence[Record], positions: Sequence[int] | None = None) -> pa.RecordBatch:
        """Put records into a batch, by default those that come next in the file."""
        import pyarrow as pa

        if positions is None:
            positions = range(self.position, self.position + len(records))
            self.position += len(records)
        empty = [None] * len(self.header.columns)
        fitted = [self.header.fit(record.fields) for record in records]
        table = [[value or None for value in fields] if fields else empty for fields in fitted]
        values = [pa.array(column, pa.string()) for column in zip(*table, strict=True)]
        lines = [None if fields else record.text for record, fields in zip(records, fitted, strict=True)]
        return self._batch(pa.array(positions, pa.int64()), pa.array(lines, pa.string()), values)

    def _of_lines(self, text: str) -> Iterator[pa.RecordBatch]:
        """Parse lines without quotes."""
        import numpy as np
        import pyarrow as pa

        text = BLANK_LINE.sub("", text)
        count = text.count("\n")
        refused: list[tuple[int, str]] = []
        if not text:
            return
        if not self.dialect.delimiter.isascii():  # pyarrow takes one byte
            yield self._of_records([Record(line, self.dialect.parse(line)) for line in text.split("\n")[:-1]])
            return
        table = self._parse(text, refused)
        first = self.position
        self.position += count
        if len(table):
            good = np.delete(np.arange(first, first + count), [number - 1 for number, _ in refused])
            columns = [column.combine_chunks() for column in table.columns]
            yield self._batch(pa.array(good), pa.nulls(len(good), pa.string()), columns)
        if refused:
            records = [Record(line, self.dialect.parse(line)) for _, line in refused]
            yield self._of_records(records, [first + number - 1 for number, _ in refused])

    def _parse(self, text: str, refused: list[tuple[int, str]]) -> pa.Table:
        """Return the lines with one field a column, all of them text; the others go to `refused` by number."""
        import pyarrow as pa
        from pyarrow import csv as arrow_csv

        def refuse(row: arrow_csv.InvalidRow) -> str:
            refused.append((row.number, row.text))
            return "skip"

        data = text.encode()
        names = [str(number) for number in range(len(self.header.columns))]
        return arrow_csv.read_csv(
            io.BytesIO(data),
            read_options=arrow_csv.ReadOptions(use_threads=False, column_names=names, block_size=len(data) + 1),
            parse_options=arrow_csv.ParseOptions(
                delimiter=self.dialect.delimiter, quote_char=False, invalid_row_handler=refuse
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), null_values=[""], strings_can_be_null=True
            ),
        )

    def _batch(self, positions: pa.Array, lines: pa.Array, values: Sequence[pa.Array]) -> pa.RecordBatch:
        """Put the file's columns into the order of the schema; a line is there for malformed records only."""
        import pyarrow as pa

        by_name = dict(zip(self.header.columns, values, strict=True))
        nothing = pa.nulls(len(positions), pa.string())
        schema = self.wanted.schema(self.extras)
        fixed = {
            POSITION: positions,
            MALFORMED: lines.is_valid(),
            LINE: lines,
            ABSENT: pa.array([self.absent] * len(positions), pa.list_(pa.string())),
        }
        columns = []
        for name in schema.names:
            column = fixed[name] if name in fixed else by_name.get(name.removeprefix(EXTRA), nothing)
            columns.append(plain_numbers(column, self.wanted.source) if name in self.wanted.numbers else column)
        return pa.RecordBatch.from_arrays(columns, schema=schema)


def plain_numbers(column: pa.Array, source: Delivery) -> pa.Array:
    """Return texts in which numbers are written as `-1234.5`; other texts stay as they are.

    A currency sign is cut off, and a minus behind the number goes before it.
    """
    import pyarrow.compute as pc

    blank = "\\s\\x{00A0}\\x{202F}"
    thousands = f"[{blank}]" if source.thousands.isspace() else re.escape(source.thousands)
    grouped = f"|[0-9]{{1,3}}(?:{thousands}[0-9]{{3}})+" if source.thousands else ""
    number = f"(?:[0-9]+{grouped})?(?:{re.escape(source.decimal)}[0-9]+)?"
    sign = f"[{blank}]*\\p{{Sc}}?[{blank}]*"
    localised = pc.match_substring_regex(column, f"^{sign}[-+]?{sign}{number}-?{sign}$")
    plain = pc.replace_substring_regex(column, f"[^0-9+\\-{re.escape(source.decimal)}]", "")
    plain = pc.replace_substring(plain, source.decimal, ".")
    plain = pc.replace_substring_regex(plain, "^(.+)-$", "-\\1")
    return pc.if_else(localised, plain, column)


def parse_record(text: str, columns: Sequence[str], source: Delivery) -> SourceRecord:
    """Return the record of one text, of a file with these columns."""
    dialect = Dialect.of(source)
    part = next(split_records(iter([f"{text}\n"]), dialect))
    fields = part.fields if isinstance(part, Record) else dialect.parse(text)
    fitted = Header("", list(columns), len(columns)).fit(fields)
    return SourceRecord(text, dict(zip(columns, fitted or (), strict=False)), fitted is None)


def split_csv(line: str, delimiter: str) -> list[str]:
    """Return the fields of one line; a quote inside a quoted field is written twice."""
    return Dialect(delimiter, '"').split(line)


def _start(columns: Sequence[str], source: Delivery) -> tuple[str, Callable[[Sequence[object]], str]]:
    special = re.compile(f"[{re.escape(source.quote)}\r\n{re.escape(source.delimiter)}]")
    quoting = {"quotechar": source.quote} if source.quote else {"quoting": csv.QUOTE_NONE, "escapechar": "\\"}

    def line(values: Sequence[object]) -> str:
        texts = ["" if value is None or value is MISSING else str(value) for value in values]
        if len(texts) > 1 and not any(map(special.search, texts)):
            return source.delimiter.join(texts)
        buffer = io.StringIO()
        csv.writer(buffer, delimiter=source.delimiter, lineterminator="", **quoting).writerow(texts)
        return buffer.getvalue()

    return "" if source.names else line(columns), line


LANDS_AS = LineFormat(".csv.gz", _start)
