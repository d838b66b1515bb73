"""The shop's day that a value of a file means."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from zoneinfo import ZoneInfo

from include.contract.source import Land

Day = dt.date | None

UTC = ZoneInfo("UTC")
# Divisors to seconds since 1970. `%s` leaves the unit to the size of the number.
EPOCHS = {"epoch_s": 1, "epoch_ms": 1_000, "epoch_us": 1_000_000, "%s": None}
# Seconds since 1970 have ten digits until 2286, milliseconds thirteen, microseconds sixteen.
_LARGEST_SECONDS, _LARGEST_MILLISECONDS = 1e11, 1e14
_WITH_OFFSET = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:[.,]\d+)?\s*(?:(Z|UTC|GMT)|([+-]\d\d):?(\d\d)?)$", re.I
)


def day_parser(land: Land, zone: ZoneInfo = UTC) -> Callable[[object], Day]:
    """Return a function from a value of the day column to its day, None for no day.

    Times with an offset, and those since 1970, are instants: their day is that of the time zone.
    Others are the shop's own.
    """
    form = land.day_format
    if form in EPOCHS:
        return lambda value: _epoch_day(value, EPOCHS[form], zone)
    known: dict[str, Day] = {}

    def parse(value: object) -> Day:
        text = str(value).strip()
        if form is None:
            if len(text) > len("YYYY-MM-DD") and (found := _WITH_OFFSET.match(text)):
                return _instant_day(found, zone)
            text = text[: len("YYYY-MM-DD")]
        if text not in known:
            known[text] = _parse_day(text, form or "%Y-%m-%d", zone)
        return known[text]

    return parse


def _epoch_day(value: object, divisor: int | None, zone: ZoneInfo) -> Day:
    try:
        number = float(str(value))
        if divisor is None:
            size = abs(number)
            divisor = 1 if size < _LARGEST_SECONDS else 1_000 if size < _LARGEST_MILLISECONDS else 1_000_000
        return dt.datetime.fromtimestamp(number / divisor, zone).date()
    except (ValueError, OverflowError, OSError):
        return None


def _instant_day(found: re.Match[str], zone: ZoneInfo) -> Day:
    day, time, utc, hours, minutes = found.groups()
    offset = "+00:00" if utc else f"{hours}:{minutes or '00'}"
    try:
        return dt.datetime.fromisoformat(f"{day}T{time}{offset}").astimezone(zone).date()
    except (ValueError, OverflowError):
        return None


def _parse_day(text: str, form: str, zone: ZoneInfo) -> Day:
    try:
        time = dt.datetime.strptime(text, form)
        return (time.astimezone(zone) if time.tzinfo else time).date()
    except (ValueError, OverflowError):
        return None
