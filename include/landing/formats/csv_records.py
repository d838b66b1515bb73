"""Where the records of a CSV file begin and end.

By RFC 4180 a quoted field may hold line breaks. A block of lines without any quote is passed on
as it is; the others are parsed record by record.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from include.contract.source import Delivery
from include.landing.formats.text import BLANK

if TYPE_CHECKING:
    import _csv

# A record has no more lines; what seems to have is a quote that nothing closes.
MOST_LINES = 1000
csv.field_size_limit(1 << 27)
_OPEN_END = "unexpected end of data"


class Lines(NamedTuple):
    """Lines without a quote, each with its end: records by themselves, but for blank ones."""

    text: str


class Record(NamedTuple):
    """The text of one record without its end, and its fields; None when it is quoted wrongly."""

    text: str
    fields: list[str] | None


@dataclass(frozen=True)
class Dialect:
    """How fields are separated and quoted; an empty `quote` stands for no quotes."""

    delimiter: str
    quote: str

    @classmethod
    def of(cls, source: Delivery) -> Dialect:
        return cls(source.delimiter, source.quote)

    def parse(self, line: str) -> list[str] | None:
        """Return the fields of one line, None when they are quoted wrongly."""
        if not self.quote or self.quote not in line:
            return line.split(self.delimiter)
        try:
            return list(next(self.reader(iter([line]))))
        except csv.Error:
            return None

    def split(self, text: str) -> list[str]:
        """Return the fields of a record, as well as can be when they are quoted wrongly."""
        if not self.quote or self.quote not in text:
            return text.split(self.delimiter)
        lines = text.split("\n")
        return next(csv.reader(lines, delimiter=self.delimiter, quotechar=self.quote), lines)

    def reader(self, lines: Iterator[str]) -> _csv.Reader:
        return csv.reader(lines, delimiter=self.delimiter, quotechar=self.quote, strict=True)


def split_records(blocks: Iterator[str], dialect: Dialect) -> Iterator[Lines | Record]:
    """Divide blocks of whole lines into records, in order."""
    width, rest = 0, ""
    for block in blocks:
        text = rest + block
        if not dialect.quote or dialect.quote not in text:
            rest = ""
            yield Lines(text)
            continue
        found = _Block(text, dialect, width)
        yield from found.records(final=False)
        rest, width = found.rest, found.width
    if rest:
        yield from _Block(rest, dialect, width).records(final=True)


class _Block:
    """One block of lines, some of which have quotes.

    Attributes
    ----------
    width
        How many fields the first record has, 0 as long as there is none.
    rest
        The lines of a record that ends in a later block.
    """

    def __init__(self, text: str, dialect: Dialect, width: int) -> None:
        self.lines = text.split("\n")[:-1]
        self.dialect = dialect
        self.width = width
        self.rest = ""
        self._start = 0

    def records(self, *, final: bool) -> Iterator[Record]:
        while self._start < len(self.lines) and not self.rest:
            reader = self.dialect.reader(self._from_start())
            first = self._start
            try:
                for fields in reader:
                    if record := self._take(first + reader.line_num, fields):
                        yield record
            except csv.Error as error:
                end = first + reader.line_num
                if str(error) == _OPEN_END and end == len(self.lines) and not final and end - self._start < MOST_LINES:
                    self.rest = "\n".join([*self.lines[self._start :], ""])
                elif record := self._take(self._broken_end(end), None):
                    yield record

    def _from_start(self) -> Iterator[str]:
        """Return the lines that are left, but no more than a record may have after the last one found."""
        for number in range(self._start, len(self.lines)):
            if number - self._start >= MOST_LINES:
                return
            yield self.lines[number] + "\n"

    def _take(self, end: int, fields: list[str] | None) -> Record | None:
        """Return the record of the lines up to `end`, None when it is a blank line."""
        text = self.lines[self._start] if end == self._start + 1 else "\n".join(self.lines[self._start : end])
        self._start = end
        if fields is not None and (len(fields) < 2 or not any(fields)) and not text.strip(BLANK):
            return None
        self.width = self.width or len(fields or ())
        return Record(text, fields)

    def _broken_end(self, end: int) -> int:
        """Return where a record ends that is quoted wrongly: where its quotes are even in number.

        If the lines below it are records by themselves, it has a quote too many, and is one line.
        """
        start, odd = self._start, self._is_odd(self._start)
        below = range(start + 1, min(start + MOST_LINES, len(self.lines)))
        closing = next((number for number in below if self._is_odd(number)), None) if odd else None
        if closing is None:
            return start + 1
        end = max(closing + 1, end)
        alone = all(len(self.dialect.parse(line) or ()) == self.width for line in self.lines[start + 1 : end])
        return start + 1 if alone else end

    def _is_odd(self, number: int) -> bool:
        return self.lines[number].count(self.dialect.quote) % 2 == 1
