"""What the values of a column look like: numbers, times and their formats, flags, texts."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from include.mapping.names import values as values_of

Kind = Literal["empty", "integer", "number", "time", "flag", "text"]

JUDGED = 2000
NEARLY_ALL = 0.97
INTEGER = re.compile(r"[-+]?\d+")
SYMBOLS = re.compile(r"^(?:[€$£¥]|kr|zł|EUR|USD|GBP|CHF)\s*|\s*(?:[€$£¥]|kr|zł|EUR|USD|GBP|CHF)$")
NUMBERS = {
    (".", ""): re.compile(r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?"),
    (",", ""): re.compile(r"[-+]?\d+,\d+"),
    (",", "."): re.compile(r"[-+]?\d{1,3}(?:\.\d{3})*(?:,\d+)?"),
    (".", ","): re.compile(r"[-+]?\d{1,3}(?:,\d{3})*(?:\.\d+)?"),
    (",", " "): re.compile(r"[-+]?\d{1,3}(?:[ \u00a0\u202f]\d{3})*(?:,\d+)?"),
}
ISO = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?(?P<offset>Z|UTC|GMT|[-+]\d\d:?(?:\d\d)?))?)?"
)

CLOCKS = ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p", "T%H:%M:%S")
DAYS = (
    "%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d",
    "%d/%m/%y", "%m/%d/%y", "%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%m %d, %Y",
)  # fmt: skip
COMPACT = (
    "%Y%m%d", "%Y%m%d%H%M%S", "%Y%m%d%H%M", "%a %b %d %H:%M:%S %z %Y", "%a, %d %b %Y %H:%M:%S %z",
    "%Y%m%dT%H%M%S", "%Y%m%dT%H%M%S%z",
)  # fmt: skip
FORMATS = (*COMPACT, *(day + clock for day in DAYS for clock in CLOCKS))
CONTRACT_FLAGS = frozenset(("true", "false", "yes", "no", "1", "0"))
EPOCHS = {"epoch_s": (4e8, 4e9), "epoch_ms": (4e11, 4e12), "epoch_us": (4e14, 4e15)}


@dataclass(frozen=True)
class Look:
    """What a column's values look like.

    Parameters
    ----------
    filled
        Share of the records that have a value.
    values
        Distinct values with how often each occurs.
    decimal, thousands
        Of a number.
    day_format
        Of a time: how Python's `strptime` reads it, `epoch_s` and so on; empty for ISO and for a whole
        number that may be no time at all, see `epoch`.
    """

    kind: Kind
    filled: float
    values: Counter[str]
    decimal: str = "."
    thousands: str = ""
    day_format: str = ""
    epoch: str = ""
    symbols: bool = False

    @property
    def unique(self) -> bool:
        return self.values.total() > 1 and len(self.values) >= NEARLY_ALL * self.values.total()

    @property
    def numeric(self) -> bool:
        return self.kind in ("integer", "number") or (self.kind == "flag" and set(self.values) <= {"0", "1"})

    def numbers(self) -> list[float]:
        """Return the distinct values that are numbers, as numbers."""
        return [number for number in (as_number(value, self) for value in self.values) if number is not None]


def look_at(values: Sequence[str]) -> Look:
    """Return what these values, empty ones included, look like."""
    given = Counter(value for value in values if value)
    filled = given.total() / max(len(values), 1)
    distinct = list(given)[:JUDGED]
    if not given:
        return Look("empty", 0.0, given)
    if {value.casefold() for value in distinct} <= values_of("true") | values_of("false") and len(given) <= 4:
        return Look("flag", filled, given)
    whole = [value for value in distinct if INTEGER.fullmatch(value)]
    if len(whole) >= NEARLY_ALL * len(distinct):
        return Look("integer", filled, given, epoch=_epoch(whole), day_format=_format(distinct, COMPACT[:3]))
    if day_format := _time(distinct):
        return Look("time", filled, given, day_format=day_format.removeprefix("ISO"))
    stripped = [SYMBOLS.sub("", value) for value in distinct]
    for (decimal, thousands), pattern in NUMBERS.items():
        if sum(bool(pattern.fullmatch(value)) for value in stripped) >= NEARLY_ALL * len(distinct):
            return Look("number", filled, given, decimal, thousands, symbols=stripped != distinct)
    return Look("text", filled, given)


def as_number(value: str, look: Look) -> float | None:
    text = SYMBOLS.sub("", value)
    if look.thousands:
        text = re.sub(r"[\u00a0\u202f]", " ", text).replace(look.thousands, "")
    try:
        return float(text.replace(look.decimal, "."))
    except ValueError:
        return None


def as_day(value: str, day_format: str) -> dt.date | None:
    """Return the day that a value begins with, None for none."""
    try:
        if day_format in EPOCHS:
            seconds = float(value) / {"epoch_s": 1, "epoch_ms": 1e3, "epoch_us": 1e6}[day_format]
            return dt.datetime.fromtimestamp(seconds, dt.UTC).date()
        return dt.datetime.strptime(value, day_format).date() if day_format else dt.date.fromisoformat(value[:10])
    except (ValueError, OverflowError):
        return None


def offsets(values: Sequence[str]) -> list[str]:
    """Return the offsets from UTC of ISO times, the empty text where one has none."""
    return [found["offset"] or "" for found in map(ISO.fullmatch, values) if found]


def _epoch(whole: Sequence[str]) -> str:
    """Return which seconds since 1970 whole numbers may be; none begin with a zero."""
    if any(value[0] in "0-+" for value in whole):
        return ""
    numbers = [int(value) for value in whole]
    for name, (low, high) in EPOCHS.items():
        if low <= min(numbers) and max(numbers) <= high:
            return name
    return ""


def _time(values: Sequence[str]) -> str:
    if sum(bool(ISO.fullmatch(value)) for value in values) >= NEARLY_ALL * len(values):
        return "ISO"
    return _format(values, FORMATS)


def other_reading(day_format: str) -> str:
    """Return a format with day and month the other way round, empty where none would be a usual one."""
    swapped = re.sub("%[dm]", lambda found: "%m" if found[0] == "%d" else "%d", day_format)
    return swapped if swapped != day_format and swapped in FORMATS else ""


def closer_reading(values: Sequence[str], day_format: str) -> tuple[str, bool]:
    """Return the format, or that with day and month swapped if the days lie closer together then, and if both fit."""
    other = other_reading(day_format)
    if not other or not all(as_day(value, other) for value in values):
        return day_format, False
    spans = {}
    for form in (day_format, other):
        days = [day for value in values if (day := as_day(value, form))]
        spans[form] = max(days) - min(days)
    return min(spans, key=lambda form: spans[form]), True


def _format(values: Sequence[str], formats: Sequence[str]) -> str:
    """Return the first format that nearly all values have, empty for none."""
    if not re.search(r"\d", values[0]) or len(values[0]) > 40:
        return ""
    for form in formats:
        misses = 0
        for value in values:
            misses += as_day(value, form) is None
            if misses > len(values) * (1 - NEARLY_ALL):
                break
        else:
            if all(1980 <= day.year <= 2100 for day in filter(None, (as_day(value, form) for value in values[:20]))):
                return closer_reading(values, form)[0]
    return ""
