"""Splits the records of source files by day, as a mapping says."""

from __future__ import annotations

import codecs
import gzip
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from zoneinfo import ZoneInfo

from include.contract.source import Land, SourceMapping
from include.errors import InputError
from include.lake import Lake
from include.landing.dates import UTC, Day, day_parser
from include.landing.formats import jsonl
from include.landing.formats.base import SourceRecord
from include.landing.formats.values import MISSING, as_text, elements_of, value_at
from include.landing.sources import SourceFile

GZIP_LEVEL = 1
LINES_IN_MEMORY = 2_000_000
WRITERS = 8

Values = tuple[object, ...]


class DayWriter:
    """Collects the lines of a table by day and writes them to a staging folder, as UTF-8.

    Attributes
    ----------
    rows
        Lines by day so far; None counts those without a day.
    broken
        How many records could not be parsed.
    """

    def __init__(self, lake: Lake, folder: str) -> None:
        self.lake = lake
        self.folder = folder
        self.rows: Counter[Day] = Counter()
        self.broken = 0
        self._name = self._suffix = self._header = ""
        self._mark = b""
        self._part = self._held = 0
        self._lines: dict[Day, list[str]] = {}

    def start(self, name: str, suffix: str, header: str, encoding: str = "utf-8") -> None:
        """Set the file of the next lines: its name before the number, its ending, its header.

        Another one of them starts another file. Where the mapping names another encoding than
        UTF-8, a mark at the start of the file says UTF-8.
        """
        if (name, suffix, header) != (self._name, self._suffix, self._header):
            self.flush()
        self._name, self._suffix, self._header = name, suffix, header
        self._mark = b"" if codecs.lookup(encoding).name == "utf-8" else codecs.BOM_UTF8

    def add(self, day: Day, line: str) -> None:
        self._lines.setdefault(day, []).append(line)
        self.rows[day] += 1
        self._held += 1
        if self._held >= LINES_IN_MEMORY:
            self.flush()

    def flush(self) -> None:
        """Write the lines held in memory, one file a day."""
        if self._lines:
            with ThreadPoolExecutor(WRITERS) as pool:
                list(pool.map(self._write, self._lines, self._lines.values()))
            self._part += 1
        self._held = 0
        self._lines = {}

    def _write(self, day: Day, lines: list[str]) -> None:
        text = "\n".join([self._header, *lines] if self._header else lines) + "\n"
        undated = "" if day else "undated-"
        name = f"{self.folder}/{day}/{self._name}{undated}part-{self._part:05d}{self._suffix}"
        self.lake.write_bytes(name, gzip.compress(self._mark + text.encode(), GZIP_LEVEL, mtime=0))


def split(
    files: Sequence[SourceFile], name: str, part: SourceMapping, land: Land, writer: DayWriter, zone: ZoneInfo = UTC
) -> None:
    """Pass the records of `files` to `writer`, as a source of table `name` says.

    Raises
    ------
    InputError
        When none of the records has a day: the column or its format must be wrong.
    """
    splitter = _Splitter(files, part, land, writer, zone)
    splitter.split()
    writer.flush()
    if land.day and set(splitter.days) <= {None}:
        values = (value_at(record.values, land.day) for record in files[0].records() if not record.broken)
        raise InputError(
            f"no value of column {land.day} in {files[0].path} is a day, the first is {next(values, None)!r}",
            remedy=f"correct tables.{name}.land.day or day_format ({land.day_format or 'YYYY-MM-DD'}) in the mapping",
        )


class _Splitter:
    """The records of one source on their way to their days.

    Attributes
    ----------
    days
        The days that were seen.
    """

    def __init__(
        self, files: Sequence[SourceFile], part: SourceMapping, land: Land, writer: DayWriter, zone: ZoneInfo
    ) -> None:
        self.files, self.part, self.land, self.writer = files, part, land, writer
        self.parse = day_parser(land, zone)
        self.days: set[Day] = set()
        self.name = landed_name(files[0], part)
        self.missing = {
            expression.strip(" `"): part.missing[column]
            for column, expression in part.columns.items()
            if column in part.missing
        }

    def split(self) -> None:
        if self.land.verbatim:
            self._split_verbatim()
        else:
            self._split_projected()

    def _day(self, record: SourceRecord) -> Day:
        day = self.parse(value_at(record.values, self.land.day)) if self.land.day else None
        self.days.add(day)
        return day

    def _split_verbatim(self) -> None:
        for file in self.files:
            opened = file.open()
            self.writer.start(self.name, file.format.LANDS_AS.ending, opened.header, self.part.source.encoding)
            for record in opened.records:
                self.writer.add(self._day(record), record.line)
                self.writer.broken += record.broken

    def _split_projected(self) -> None:
        """Land chosen columns: all rows, distinct rows of a day, or distinct rows on their first day."""
        source = self.part.source
        columns = self.land.columns or tuple(dict.fromkeys(name for file in self.files for name in file.columns()))
        ways = {file.format.LANDS_AS for file in self.files}
        lands_as = ways.pop() if len(ways) == 1 else jsonl.LANDS_AS
        header, line = lands_as.start(columns, source)
        self.writer.start(self.name, lands_as.ending, header, source.encoding)
        seen: set[tuple[Day, Values]] = set()
        first: dict[Values, Day] = {}
        for record in self._records():
            day = self._day(record)
            values = tuple(_value(record, name) for name in columns)
            if self.land.distinct == "range":
                first[values] = _earlier(first.get(values), day)
            elif self.land.distinct == "no" or (day, values) not in seen:
                self.writer.add(day, line(values))
                if self.land.distinct == "day":
                    seen.add((day, values))
        for values, day in first.items():
            self.writer.add(day, line(values))

    def _records(self) -> Iterator[SourceRecord]:
        """Return the records that land; each element of an array to explode is one."""
        explode = self.part.source.explode
        for record in (record for file in self.files for record in file.records()):
            if record.broken:
                self.writer.broken += 1
                continue
            for values in elements_of(record.values, explode) if explode else [record.values]:
                found = SourceRecord(record.line, values, False)
                if all(self._is_given(found, name) for name in self.land.skip_without):
                    yield found

    def _is_given(self, record: SourceRecord, name: str) -> bool:
        value = _value(record, name)
        text = "" if value is MISSING or value is None else str(value).strip()
        return bool(text) and text not in self.missing.get(name, ())


def landed_name(file: SourceFile, part: SourceMapping) -> str:
    """Return what the names of landed files begin with, so that the source's `files` match them."""
    if "*" in part.source.files:
        return ""
    return f"{file.landed_stem(part.source.files)}."


def _value(record: SourceRecord, name: str) -> object:
    value = value_at(record.values, name)
    return value if value is MISSING else as_text(value)


def _earlier(one: Day, other: Day) -> Day:
    return min(one, other) if one and other else one or other
