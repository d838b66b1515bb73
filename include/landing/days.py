"""Splits the records of source files by day, as a mapping says."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from include.contract.dataset import Land
from include.errors import InputError
from include.lake import Lake
from include.landing.formats import jsonl
from include.landing.formats.base import SourceRecord
from include.landing.sources import SourceFile

GZIP_LEVEL = 1
LINES_IN_MEMORY = 2_000_000
WRITERS = 8

Day = dt.date | None
Values = tuple[str, ...]


class DayWriter:
    """Collects the lines of a table by day and writes them to a staging folder.

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
        self._suffix = self._header = ""
        self._part = self._held = 0
        self._lines: dict[Day, list[str]] = {}

    def start(self, suffix: str, header: str) -> None:
        """Set ending and header of the next lines; another header starts another file."""
        if (suffix, header) != (self._suffix, self._header):
            self.flush()
        self._suffix, self._header = suffix, header

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
        name = f"{self.folder}/{day}/part-{self._part:05d}{self._suffix}"
        self.lake.write_bytes(name, gzip.compress(text.encode(), GZIP_LEVEL, mtime=0))


def day_parser(land: Land) -> Callable[[object], Day]:
    """Return a function from a value of the day column to its day, None for no day."""
    known: dict[str, Day] = {}
    length = None if land.day_format else len("YYYY-MM-DD")
    form = land.day_format or "%Y-%m-%d"

    def parse(value: object) -> Day:
        text = str(value).strip()[:length]
        if text not in known:
            known[text] = _parse_day(text, form)
        return known[text]

    return parse


def split(files: Sequence[SourceFile], name: str, land: Land, writer: DayWriter) -> None:
    """Pass the records of `files` to `writer`, as the mapping of table `name` says.

    Raises
    ------
    InputError
        When none of the records has a day: the column or its format must be wrong.
    """
    (_split_verbatim if land.verbatim else _split_projected)(files, land, writer)
    writer.flush()
    if set(writer.rows) <= {None}:
        values = (record.values.get(land.day) for record in files[0].records() if not record.broken)
        raise InputError(
            f"no value of column {land.day} in {files[0].path} is a day, the first is {next(values, None)!r}",
            remedy=f"correct tables.{name}.land.day or day_format ({land.day_format or 'YYYY-MM-DD'}) in the mapping",
        )


def _split_verbatim(files: Sequence[SourceFile], land: Land, writer: DayWriter) -> None:
    parse = day_parser(land)
    for file in files:
        opened = file.open()
        writer.start(file.format.LANDS_AS.ending, opened.header)
        for record in opened.records:
            writer.add(parse(record.values.get(land.day)), record.line)
            writer.broken += record.broken


def _split_projected(files: Sequence[SourceFile], land: Land, writer: DayWriter) -> None:
    """Land chosen columns: all rows, distinct rows of a day, or distinct rows on their first day."""
    parse = day_parser(land)
    columns = land.columns or tuple(dict.fromkeys(name for file in files for name in file.columns()))
    ways = {file.format.LANDS_AS for file in files}
    lands_as = ways.pop() if len(ways) == 1 else jsonl.LANDS_AS
    header, line = lands_as.start(columns, files[0].delimiter)
    writer.start(lands_as.ending, header)
    seen: set[tuple[Day, Values]] = set()
    first: dict[Values, Day] = {}
    for record in (record for file in files for record in file.records()):
        values = _delivered(record, columns, land)
        writer.broken += record.broken
        if values is None:
            continue
        day = parse(record.values.get(land.day))
        if land.distinct == "range":
            first[values] = _earlier(first.get(values), day)
        elif land.distinct == "no" or (day, values) not in seen:
            writer.add(day, line(values))
            if land.distinct == "day":
                seen.add((day, values))
    for values, day in first.items():
        writer.add(day, line(values))


def _delivered(record: SourceRecord, columns: Sequence[str], land: Land) -> Values | None:
    """Return the record's values, None when it does not land."""
    if record.broken or not all(str(record.values.get(name) or "").strip() for name in land.skip_without):
        return None
    return tuple(_text(record.values.get(name)) for name in columns)


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _earlier(one: Day, other: Day) -> Day:
    return min(one, other) if one and other else one or other


def _parse_day(text: str, form: str) -> Day:
    try:
        return dt.datetime.strptime(text, form).date()
    except ValueError:
        return None
