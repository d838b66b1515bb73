"""Validation of one large day, against the same aggregates written by hand.

By hand are nulls, ranges and lengths of the columns, duplicates of the key, event types, the busiest user and unknown
items, straight in pyarrow: no days before, no Great Expectations, no pages.
"""

from __future__ import annotations

import datetime as dt
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.checks import great
from include.checks.validation import validate_day
from include.columns import EVENT_TYPES
from include.lake import Lake, commit_folder, open_lake, partition_folder, staging_folder
from include.policy import load_policy

DAY = dt.date(2026, 3, 2)
ROWS = {"quick": 200_000, "full": 10_000_000}
USERS, ITEMS, FILES = 200_000, 20_000, 10


def run(scale: str) -> dict[str, Any]:
    """Return the seconds of both, their ratio and the peak memory of this process in GB.

    Parameters
    ----------
    scale
        "quick" or "full".
    """
    with tempfile.TemporaryDirectory() as home:
        lake = open_lake(Path(home, "lake").as_uri())
        write_day(lake, ROWS[scale])
        by_hand = _seconds(lambda: aggregate(lake))
        own = _seconds(lambda: validate_day(lake, DAY, load_policy()))
    return {
        "validation_rows": ROWS[scale],
        "validation_s": own,
        "validation_by_hand_s": by_hand,
        "validation_over_by_hand": own / by_hand,
        "validation_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "validation_engine": great.gx.__version__,
    }


def write_day(lake: Lake, rows: int) -> None:
    """Commit a day of random events, the catalogue and the users."""
    rng = np.random.default_rng(1)
    users = pa.array([f"u{n:07d}" for n in range(USERS)])
    items = pa.array([f"i{n:06d}" for n in range(ITEMS)])
    tables = {
        "items": [pa.table({"item_id": items, "title": items, "in_stock": pa.array(np.ones(ITEMS, bool))})],
        "users": [pa.table({"user_id": users, "segment": users})],
        "events": [],
    }
    midnight = np.datetime64(DAY, "us")
    for part in range(FILES):
        n = rows // FILES
        ids = pc.binary_join_element_wise("event-", pa.array(np.arange(part * n, part * n + n)).cast(pa.string()), "")
        columns = {
            "event_id": ids,
            "user_id": users.take(pa.array(rng.zipf(1.3, n) % USERS)),
            "item_id": items.take(pa.array(rng.zipf(1.3, n) % ITEMS)),
            "event_type": pa.array(EVENT_TYPES).take(pa.array(rng.choice(4, n, p=(0.8, 0.1, 0.08, 0.02)))),
            "event_ts": pa.array(midnight + rng.integers(0, 86_400_000_000, n).astype("timedelta64[us]")).cast(
                pa.timestamp("us", "UTC")
            ),
            "quantity": pa.array(np.ones(n)),
            "price": pa.array(rng.uniform(1, 99, n).round(2)),
        }
        tables["events"].append(pa.table(columns))
    for table, parts in tables.items():
        staged = staging_folder(table)
        names = [f"part-{number}.parquet" for number in range(len(parts))]
        for name, part in zip(names, parts, strict=True):
            sink = pa.BufferOutputStream()
            pq.write_table(part, sink, compression="zstd")
            lake.write_bytes(f"{staged}/{name}", sink.getvalue().to_pybytes())
        count = sum(part.num_rows for part in parts)
        counts = {"landed": count, "ingested": count, "duplicates": 0, "quarantined": 0}
        commit_folder(lake, staged, partition_folder(table, DAY), fingerprint=table, counts=counts, files=names)


def aggregate(lake: Lake) -> dict[str, Any]:
    """Return the aggregates that a person would write for this day."""
    root = lake.uri_of("").removeprefix("file://").rstrip("/")
    known = pq.read_table(f"{root}/{partition_folder('items', DAY)}", partitioning=None)["item_id"].combine_chunks()
    events = pq.read_table(f"{root}/{partition_folder('events', DAY)}", partitioning=None)
    found: dict[str, Any] = {name: events[name].null_count for name in events.column_names}
    found["twice"] = len(events) - pc.count_distinct(events["event_id"]).as_py()
    found["types"] = pc.value_counts(events["event_type"]).to_pylist()
    found["unknown"] = pc.sum(pc.invert(pc.is_in(events["item_id"], value_set=known))).as_py()
    found["busiest"] = pc.max(events.group_by("user_id").aggregate([("quantity", "count")])["quantity_count"]).as_py()
    found["longest"] = [pc.max(pc.utf8_length(events[name])).as_py() for name in ("event_id", "user_id", "item_id")]
    found["ranges"] = [pc.min_max(events[name]).as_py() for name in ("event_ts", "quantity", "price")]
    return found


def _seconds(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started
