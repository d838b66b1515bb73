"""Dirt: duplicates and broken rows, added to the clean lines and counted.

Broken rows are damaged copies of good ones under identifiers of their own, so the good rows
all remain: a lake that keeps its contract ends up with exactly the clean data.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from include import columns as c
from include.demo_shop.tables import EVENT_FIELDS, USER_FIELDS, ItemRow, Row

BROKEN_PREFIX = "B"
NO_NUMBERS = ("n/a", "twelve", "1,2,3", "--", "#REF!")
NO_DATES = ("2025-02-31", "31.12.", "soon", "0000-00-00")
UNKNOWN_TYPES = ("wishlist", "VIEWED", "impression", "undefined")


@dataclass(frozen=True)
class Dirt:
    """What was put into one table on one day."""

    duplicates: int = 0
    broken: Mapping[str, int] = field(default_factory=dict)


Spoil = Callable[[str, np.random.Generator], str]
Change = Callable[[dict[str, Any], np.random.Generator], object]
Parse = Callable[[str], dict[str, Any]]
Write = Callable[[dict[str, Any]], str]


def add_dirt(
    lines: Sequence[str],
    spoils: Mapping[str, Spoil],
    rng: np.random.Generator,
    *,
    duplicate_share: float,
    broken_share: float,
) -> tuple[list[str], Dirt]:
    """Return `lines` with exact copies of some, and damaged copies of others, in between.

    Parameters
    ----------
    lines
        Clean data lines, no header.
    spoils
        What can go wrong: name to function of a good line.

    Returns
    -------
    lines, dirt
        The lines in delivery order, good ones in their old order, and what was added.
    """
    n, kinds = len(lines), list(spoils)
    copies = rng.integers(0, max(n, 1), rng.binomial(n, duplicate_share))
    spoiled = rng.choice(n, rng.binomial(n, broken_share), replace=False)
    chosen = [kinds[place] for place in rng.integers(0, len(kinds), len(spoiled))]
    extra = [lines[row] for row in copies.tolist()]
    extra += [spoils[kind](lines[row], rng) for kind, row in zip(chosen, spoiled.tolist(), strict=True)]
    places = np.concatenate([np.arange(n), rng.uniform(0, n, len(extra))])
    together = [*lines, *extra]
    dirty = [together[place] for place in np.argsort(places, kind="stable").tolist()]
    return dirty, Dirt(len(copies), dict(sorted(Counter(chosen).items())))


def csv_line(row: Row) -> str:
    """Return one line; no field of the shop's CSV files needs quotes."""
    return ",".join(row)


def json_line(row: ItemRow) -> str:
    """Return one JSON object."""
    return json.dumps(row)


def _pick(values: Sequence[str], rng: np.random.Generator) -> str:
    return values[int(rng.integers(0, len(values)))]


def _spoil(key: str, parse: Parse, write: Write, change: Change) -> Spoil:
    """Return a spoil that changes the values of a line, under an identifier `key` of its own."""

    def spoil(line: str, rng: np.random.Generator) -> str:
        values = parse(line)
        values[key] = BROKEN_PREFIX + values[key][1:]
        change(values, rng)
        return write(values)

    return spoil


def _csv_spoil(fields: Sequence[str], change: Change) -> Spoil:
    return _spoil(
        fields[0],
        lambda line: dict(zip(fields, line.split(","), strict=True)),
        lambda values: ",".join(values.values()),
        change,
    )


def _json_spoil(change: Change) -> Spoil:
    return _spoil(c.ITEM_ID, json.loads, json.dumps, change)


def _one_field_more(line: str, rng: np.random.Generator) -> str:
    """A comma that nobody quoted: everything behind it stands one column too far right."""
    first, rest = line.split(",", 1)
    return f"{BROKEN_PREFIX}{first[1:]},{_pick(NO_NUMBERS[:2], rng)},{rest}"


def _cut_off(line: str, rng: np.random.Generator) -> str:
    """A line that ends in its second field, as when the sender was killed."""
    return BROKEN_PREFIX + ",".join(line.split(",")[:2])[1:]


def _broken_json(line: str, rng: np.random.Generator) -> str:
    renamed = line.replace('": "I', f'": "{BROKEN_PREFIX}', 1)
    return renamed[: int(rng.integers(len(line) // 3, len(line) - 1))]


EVENT_SPOILS: dict[str, Spoil] = {
    "bad_number": _csv_spoil(EVENT_FIELDS, lambda row, rng: row.update({c.QUANTITY: _pick(("two", "--", "1x"), rng)})),
    "bad_time": _csv_spoil(EVENT_FIELDS, lambda row, rng: row.update({c.EVENT_TS: _pick(NO_DATES, rng)})),
    "missing_id": _csv_spoil(EVENT_FIELDS, lambda row, rng: row.update({_pick((c.EVENT_ID, c.ITEM_ID), rng): ""})),
    "unknown_type": _csv_spoil(EVENT_FIELDS, lambda row, rng: row.update({c.EVENT_TYPE: _pick(UNKNOWN_TYPES, rng)})),
    "too_many_fields": _one_field_more,
    "too_few_fields": _cut_off,
}
USER_SPOILS: dict[str, Spoil] = {
    "bad_date": _csv_spoil(USER_FIELDS, lambda row, rng: row.update({c.SIGNED_UP_ON: _pick(NO_DATES, rng)})),
    "missing_id": _csv_spoil(USER_FIELDS, lambda row, rng: row.update({c.USER_ID: ""})),
    "too_many_fields": _one_field_more,
}
ITEM_SPOILS: dict[str, Spoil] = {
    "bad_number": _json_spoil(lambda row, rng: row.update({c.PRICE: _pick(NO_NUMBERS, rng)})),
    "bad_date": _json_spoil(lambda row, rng: row.update({c.LAUNCHED_ON: _pick(NO_DATES, rng)})),
    "missing_id": _json_spoil(lambda row, rng: row.pop(c.ITEM_ID)),
    "broken_json": _broken_json,
}
