"""What the checks of a day cost: `python -m tests.benchmarks.drift --events 10000000`.

Makes a day of events in Parquet and a training set's identifiers, then runs the checks of `data_drift` and
`performance` on them as the jobs do, and prints seconds and the largest memory.
"""

from __future__ import annotations

import argparse
import datetime as dt
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy import sparse

from include.columns import EVENT_TYPES
from include.drift_policy import load_drift_policy
from include.lake.artifacts import READ_ROWS
from include.monitoring.data_drift import detect
from include.monitoring.pairs import COLUMNS, choose_users, list_matrix, wanted_pairs
from include.monitoring.performance import compare_lists
from include.monitoring.positions import count_accounts
from include.monitoring.profile import event_columns, heavy_accounts, profile_events
from include.night.day_checks import MOST_USERS

N_CATEGORIES, N_SEGMENTS, TOP_N, CHUNK = 60, 20, 50, 1_000_000
DAY = dt.date(2026, 3, 2)


def write_events(folder: Path, rows: int, users: pa.Array, items: pa.Array) -> list[Path]:
    """Write `rows` events in files of a million."""
    rng = np.random.default_rng(0)
    paths = []
    for start in range(0, rows, CHUNK):
        n = min(CHUNK, rows - start)
        table = pa.table(
            {
                "user_id": users.take(pa.array((rng.beta(1, 3, n) * len(users)).astype(np.int64))),
                "item_id": items.take(pa.array((rng.beta(1, 8, n) * len(items)).astype(np.int64))),
                "event_type": pa.array(EVENT_TYPES).take(pa.array(rng.choice(4, n, p=[0.8, 0.12, 0.07, 0.01]))),
                "price": pa.array(np.exp(rng.normal(2, 1, n))),
            }
        )
        paths.append(folder / f"events-{start}.parquet")
        pq.write_table(table, paths[-1], compression="zstd")
    return paths


def write_lists(folder: Path, users: pa.Array, items: pa.Array) -> Path:
    """Write a list of 50 for every user."""
    rng = np.random.default_rng(1)
    path = folder / "lists.parquet"
    schema = pa.schema([("user_id", pa.string()), ("item_ids", pa.list_(pa.string()))])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for start in range(0, len(users), 50_000):
            own = users.slice(start, 50_000)
            places = pa.array((rng.beta(1, 8, len(own) * TOP_N) * len(items)).astype(np.int64))
            lists = pa.ListArray.from_arrays(
                np.arange(0, len(own) * TOP_N + 1, TOP_N, dtype=np.int32), items.take(places)
            )
            writer.write_table(pa.table({"user_id": own, "item_ids": lists}))
    return path


def read(paths: list[Path], columns: list[str]) -> Iterator[pa.RecordBatch]:
    for path in paths:
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(READ_ROWS, columns=columns)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--users", type=int, default=500_000)
    parser.add_argument("--items", type=int, default=50_000)
    options = parser.parse_args()
    users = pa.array([f"user-{n:09d}" for n in range(options.users)])
    items = pa.array([f"item-{n:07d}" for n in range(options.items)])
    policy, rng = load_drift_policy(), np.random.default_rng(2)
    with tempfile.TemporaryDirectory() as name:
        events = write_events(Path(name), options.events, users, items)
        lists = write_lists(Path(name), users, items)
        before, started = memory(), time.monotonic()
        segments = np.array([f"s{n}" for n in rng.integers(0, N_SEGMENTS, options.users)])
        categories = np.array([f"c{n}" for n in rng.integers(0, N_CATEGORIES, options.items)])
        tables = pa.table({"user_id": users, "segment": segments}), pa.table({"item_id": items, "category": categories})
        accounts = count_accounts(read(events, ["user_id"]), users)
        profile = profile_events(read(events, event_columns()), *tables, heavy_accounts(accounts))
        reference = {DAY - dt.timedelta(days=back): profile for back in range(1, 29)}
        drift = detect(DAY, profile, reference, policy)
        data = time.monotonic() - started
        chosen = choose_users(accounts, MOST_USERS)
        nothing = sparse.csr_matrix((options.users, options.items), dtype=bool)
        pairs = 0
        for kinds in (policy.results.events, ("purchase",)):
            wanted = wanted_pairs(read(events, COLUMNS), users, items, kinds, chosen, nothing)
            rows = np.flatnonzero(np.diff(wanted.indptr))
            found = list_matrix(read([lists], ["user_id", "item_ids"]), users.take(rows), items, TOP_N)
            compared = compare_lists(
                wanted[rows], dict.fromkeys(("live", "popularity", "previous"), found), segments[rows]
            )
            pairs = max(pairs, compared.pairs)
        whole = time.monotonic() - started
    sys.stdout.write(
        f"{drift.rows} events, {options.users} users: data {data:.1f} s, results {whole - data:.1f} s, "
        f"together {whole:.1f} s; "
        f"{pairs} pairs; memory {before} MB before, {memory()} MB at most\n"
    )


def memory() -> int:
    """Return the largest resident memory so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
