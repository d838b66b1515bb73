"""The time zone that times with an offset were written in."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from include.mapping.kinds import ISO, NEARLY_ALL

# One zone for each rule that shops live by; where several fit, the first.
ZONES = (
    "Europe/London", "Europe/Berlin", "Europe/Athens", "America/New_York", "America/Chicago", "America/Denver",
    "America/Los_Angeles", "America/Sao_Paulo", "Asia/Kolkata", "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney",
    "Pacific/Auckland", "Europe/Istanbul", "Africa/Lagos", "Africa/Johannesburg", "Asia/Dubai", "Asia/Jakarta",
    "America/Bogota", "America/Mexico_City", "America/Phoenix", "America/Halifax", "America/Caracas",
)  # fmt: skip


def find_zone(values: Iterable[str]) -> str | None:
    """Return a zone in which all times with an offset are right; None where none has one, or all are UTC."""
    times = [time for time in map(_parsed, values) if time is not None]
    moved = [time for time in times if time.utcoffset()]
    if not moved:
        return None
    for name in ZONES:
        zone = ZoneInfo(name)
        if sum(time.astimezone(zone).utcoffset() == time.utcoffset() for time in times) >= NEARLY_ALL * len(times):
            return name
    hours = round((moved[0].utcoffset() or dt.timedelta()).total_seconds() / 3600)
    return f"Etc/GMT{-hours:+d}"


def _parsed(value: str) -> dt.datetime | None:
    found = ISO.fullmatch(value)
    if not found or not found["offset"]:
        return None
    try:
        return dt.datetime.fromisoformat(re.sub(" ?(UTC|GMT)$", "Z", value).replace(" -", "-").replace(" +", "+"))
    except ValueError:
        return None
