"""A day's events, counted beside what the lake knew by then: event types, and what has no user, price or item.

Each day is counted once: its counts stay in the lake, and later days are compared with them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from include.checks.catalogue import Known, paths_of, read_known
from include.checks.figures import read_batches, start_of
from include.columns import EVENT_TS, EVENT_TYPE, EVENTS, ITEM_ID, ITEMS, PRICE, TABLES, USER_ID, USERS
from include.lake import Content, Lake, Manifest, find_or_make, list_days, load_days
from include.lake.artifacts import write_json

KIND = "event_counts"
FORMAT = 1
REFERENCE_DAYS = 28
LATE_DAYS = 30


@dataclass(frozen=True)
class Past:
    """What the lake holds up to and with a day: the manifests by table and day, and what they make known."""

    day: dt.date
    zone: ZoneInfo
    days: Mapping[str, Mapping[dt.date, Manifest]]
    items: Known
    users: Known

    @property
    def manifest(self) -> Manifest:
        return self.days[EVENTS][self.day]

    def tags(self, table: str, last: dt.date) -> dict[str, str]:
        return {str(day): manifest.fingerprint for day, manifest in self.days[table].items() if day <= last}


def read_past(lake: Lake, day: dt.date, zone: ZoneInfo) -> Past:
    """Return what the lake holds up to and with `day`: of events the last four weeks, of items and users all."""
    since = {EVENTS: day - dt.timedelta(days=REFERENCE_DAYS)}
    listed = {table: [one for one in list_days(lake, table) if since.get(table, one) <= one <= day] for table in TABLES}
    days = {table: load_days(lake, table, sorted({*listed[table], day})) for table in TABLES}
    known = [read_known(lake, table, key, days[table]) for table, key in ((ITEMS, ITEM_ID), (USERS, USER_ID))]
    return Past(day, zone, days, *known)


def event_counts(lake: Lake, past: Past, day: dt.date) -> dict[str, Any]:
    """Return the counts of a day's events, counted now unless the lake has them."""
    manifest = past.days[EVENTS][day]
    inputs = {
        "format": FORMAT,
        "zone": str(past.zone),
        EVENTS: manifest.fingerprint,
        **{t: past.tags(t, day) for t in (ITEMS, USERS)},
    }

    def make(staged: str) -> Content:
        return Content([write_json(lake, staged, "counts.json", _count_events(lake, past, day))])

    return find_or_make(lake, KIND, day, inputs, make).read_json()


def _count_events(lake: Lake, past: Past, day: dt.date) -> dict[str, Any]:
    import pyarrow as pa
    import pyarrow.compute as pc

    counts = dict.fromkeys(("rows", "no_user", "no_price", "unknown_items", "unknown_users", "late"), 0)
    types: dict[str, int] = {}
    per_user: list[pa.Table] = []
    names = [USER_ID, ITEM_ID, EVENT_TYPE, PRICE, EVENT_TS]
    strange: list[str] = []
    newest = dt.datetime.min.replace(tzinfo=dt.UTC)
    late = start_of(day - dt.timedelta(days=LATE_DAYS), past.zone)
    for batch in read_batches(lake, paths_of(EVENTS, day, past.days[EVENTS][day]), names, names[:3]):
        users, items, kinds, prices, times = (batch[name] for name in names)
        unknown = past.items.unknown(items.dictionary, day).take(items.indices)
        strangers = past.users.unknown(users.dictionary, day).take(users.indices)
        counts["rows"] += batch.num_rows
        counts["no_user"] += users.null_count
        counts["no_price"] += batch.num_rows - (pc.sum(pc.greater(prices, 0.0)).as_py() or 0)
        counts["unknown_items"] += pc.sum(unknown).as_py() or 0
        counts["unknown_users"] += pc.sum(strangers).as_py() or 0
        counts["late"] += pc.sum(pc.less(times, pa.scalar(late, times.type))).as_py() or 0
        newest = max(newest, pc.max(times).as_py() or newest)
        strange += [one for one in items.filter(unknown).unique().to_pylist()[:5] if one not in strange]
        for entry in pc.value_counts(kinds).to_pylist():
            types[str(entry["values"])] = types.get(str(entry["values"]), 0) + entry["counts"]
        counted = pc.value_counts(users.drop_null())
        per_user.append(pa.table({"user": counted.field(0).cast(pa.string()), "n": counted.field(1)}))
    whole = pa.concat_tables(per_user or [pa.table({"user": pa.array([], pa.string()), "n": pa.array([], pa.int64())})])
    whole = whole.group_by("user").aggregate([("n", "sum")]).sort_by([("n_sum", "descending"), ("user", "ascending")])
    first = whole.slice(0, 1).to_pylist() or [{"user": None, "n_sum": 0}]
    return {
        **counts,
        "types": dict(sorted(types.items())),
        "users": whole.num_rows,
        "top_user": first[0]["user"],
        "top_user_rows": first[0]["n_sum"],
        "strange_items": strange[:5],
        "newest": newest.astimezone(past.zone).date().isoformat() if counts["rows"] else None,
    }
