"""Lands a shop's days: clean rows as text, dirt among them, `_SUCCESS` last."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from include import columns as c
from include.demo_shop.config import ShopConfig
from include.demo_shop.dirt import (
    EVENT_SPOILS,
    ITEM_SPOILS,
    USER_SPOILS,
    Dirt,
    Spoil,
    add_dirt,
    csv_line,
    json_line,
)
from include.demo_shop.shop import Shop
from include.demo_shop.tables import EVENT_FIELDS, USER_FIELDS, ShopDay
from include.errors import ConfigurationError
from include.lake import Lake, list_days, partition_folder

logger = logging.getLogger(__name__)

IDENTITY = "_demo_shop.json"
FILES = {c.EVENTS: "events.csv.gz", c.ITEMS: "items.jsonl", c.USERS: "users.csv"}
HEADERS = {c.EVENTS: csv_line(EVENT_FIELDS), c.USERS: csv_line(USER_FIELDS)}
SPOILS: dict[str, dict[str, Spoil]] = {c.EVENTS: EVENT_SPOILS, c.ITEMS: ITEM_SPOILS, c.USERS: USER_SPOILS}
GZIP_LEVEL = 6


@dataclass
class Landed:
    """What was delivered, by table: rows as the ingest counts them, and the dirt among them."""

    days: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    duplicates: Counter[str] = field(default_factory=Counter)
    broken: dict[str, Counter[str]] = field(default_factory=dict)
    late: int = 0

    def add(self, table: str, n_rows: int, dirt: Dirt) -> None:
        """Count one table of one day."""
        self.rows[table] += n_rows
        self.duplicates[table] += dirt.duplicates
        self.broken.setdefault(table, Counter()).update(dirt.broken)

    def result(self) -> dict[str, Any]:
        """Return the counts as JSON values, with every table named."""
        return {
            "days": self.days,
            "rows": {table: self.rows[table] for table in c.TABLES},
            "duplicates": {table: self.duplicates[table] for table in c.TABLES},
            "broken": {table: dict(sorted(self.broken.get(table, {}).items())) for table in c.TABLES},
            "late": self.late,
        }


def render(day: ShopDay) -> dict[str, tuple[list[str], Dirt]]:
    """Return the lines of each table of `day` with the dirt of its shop, headers left out."""
    config = day.world.config
    clean = {
        c.EVENTS: [csv_line(row) for row in day.event_rows()],
        c.ITEMS: [json_line(row) for row in day.item_rows()],
        c.USERS: [csv_line(row) for row in day.user_rows()],
    }
    return {
        table: add_dirt(
            lines,
            SPOILS[table],
            config.stream(f"dirt in {table}", config.index_of(day.date)),
            duplicate_share=config.duplicate_share,
            broken_share=config.broken_share,
        )
        for table, lines in clean.items()
    }


def land(shop: Shop, landing: Lake, first: dt.date, last: dt.date) -> Landed:
    """Deliver the days from `first` to `last` of `shop` into the landing zone.

    A day that exists is replaced whole, or left alone if it is the same.

    Raises
    ------
    ConfigurationError
        When the shop is not open on a day, or the landing zone holds days of another shop.
    """
    if first > last:
        raise ConfigurationError(f"{first} is after {last}", remedy="give the earlier day first")
    for day in (first, last):
        shop.config.index_of(day)
    _claim(landing, shop.config, first, last)
    landed = Landed()
    for delivery in shop.days(first, last):
        for table, (lines, dirt) in render(delivery).items():
            write_table(landing, table, delivery.date, lines)
            landed.add(table, len(lines), dirt)
        landed.days += 1
        landed.late += delivery.late
        if delivery.date.day == 1 or delivery.date == last:
            logger.info("landed up to %s: %d days, %d events", delivery.date, landed.days, landed.rows[c.EVENTS])
    return landed


def write_table(landing: Lake, table: str, date: dt.date, lines: list[str]) -> None:
    """Replace one day of one table; a day without rows has nothing but `_SUCCESS`."""
    folder = partition_folder(table, date)
    files = {f"{folder}/{FILES[table]}": _encode(table, lines)} if lines else {}
    stored = [info.path for info in landing.list_files(folder)]
    success = f"{folder}/{c.SUCCESS_MARKER}"
    if sorted([*files, success]) == stored and all(landing.read_bytes(path) == data for path, data in files.items()):
        return
    for path in sorted(stored, key=lambda path: path != success):
        landing.delete(path)
    for path, data in files.items():
        landing.write_bytes(path, data)
    landing.write_bytes(success, b"")


def _encode(table: str, lines: list[str]) -> bytes:
    header = [HEADERS[table]] if table in HEADERS else []
    text = "\n".join([*header, *lines, ""]).encode()
    return gzip.compress(text, GZIP_LEVEL, mtime=0) if FILES[table].endswith(".gz") else text


def _claim(landing: Lake, config: ShopConfig, first: dt.date, last: dt.date) -> None:
    """Record whose landing zone this is, unless days of another shop would remain in it."""
    identity = json.dumps(config.model_dump(mode="json"), indent=1).encode()
    known = landing.read_bytes(IDENTITY) if landing.exists(IDENTITY) else None
    if known == identity:
        return
    others = [day for day in list_days(landing, c.EVENTS, marker=c.SUCCESS_MARKER) if not first <= day <= last]
    if others:
        raise ConfigurationError(
            f"{landing.uri} holds {len(others)} days ({others[0]} to {others[-1]}) of {_difference(known, config)}",
            remedy="use the same --users, --items and --seed, or another landing zone (`make clean` empties it)",
        )
    landing.write_bytes(IDENTITY, identity)


def _difference(known: bytes | None, config: ShopConfig) -> str:
    """Return how the shop of a landing zone differs from `config`."""
    if known is None:
        return "something that is not a demo shop"
    there: Mapping[str, Any] = json.loads(known)
    here = config.model_dump(mode="json")
    names = [name for name in sorted({*there, *here}) if there.get(name) != here.get(name)]
    return "another demo shop: " + ", ".join(f"{name} {there.get(name)} there, {here.get(name)} here" for name in names)
