"""Names for the columns of files that have no header, by what is in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from include.mapping.kinds import Look, look_at
from include.mapping.names import event_type

MOST_RATINGS = 11
CUSTOMERS = re.compile(r"user|customer|member|client|kunde", re.I)


def invent_names(rows: Sequence[Sequence[str]], path: Path) -> list[str]:
    """Return a name for each column: of an event time, user and item, in this order; else of the thing described."""
    width = len(rows[0])
    columns = [[row[place] for row in rows if place < len(row)] for place in range(width)]
    looks = [look_at([value.strip() for value in column]) for column in columns]
    names = [f"column_{place + 1}" for place in range(width)]
    times = [place for place, look in enumerate(looks) if look.epoch or (look.kind == "time" and len(look.values) > 1)]
    if times and not looks[0].unique:
        _name_events(names, looks, times[0])
    else:
        _name_things(names, looks, "user_id" if CUSTOMERS.search(path.name) else "item_id")
    return names


def _name_events(names: list[str], looks: Sequence[Look], time: int) -> None:
    names[time] = "timestamp"
    rest = [place for place, look in enumerate(looks) if place != time and look.kind != "empty"]
    kinds = [place for place in rest if looks[place].kind == "text" and all(map(event_type, looks[place].values))]
    if kinds:
        names[kinds[0]] = "event"
    ratings = [place for place in rest[2:] if looks[place].numeric and len(looks[place].values) <= MOST_RATINGS]
    if ratings and not kinds:
        names[ratings[0]] = "rating"
    ids = [place for place in rest if names[place].startswith("column_")]
    for place, name in zip(ids, ("user_id", "item_id"), strict=False):
        names[place] = name


def _name_things(names: list[str], looks: Sequence[Look], key: str) -> None:
    names[0] = key
    texts = [place for place, look in enumerate(looks) if place and look.kind == "text" and look.filled > 0.5]
    if key == "item_id" and texts:
        names[texts[0]] = "title"
    elif key == "user_id":
        groups = [place for place in texts if len(looks[place].values) < len(looks[place].values) / 2 + 50]
        names[(groups or [0])[0]] = "segment" if groups else key
