"""Publishing against server-side COPY of a file with the same rows, the flip among readers, a rollback."""

from __future__ import annotations

import datetime as dt
import logging
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psycopg2
import pyarrow as pa
import pyarrow.parquet as pq

from include.lake import Lake, open_lake, write_table
from include.list_kinds import LIST_KINDS, RECOMMENDATIONS
from include.ranking.distribute import parquet_options
from include.serving.batch import Batch, open_batch
from include.serving.database import WRITER, connect
from include.serving.load import combine, drop_unreferenced, table_digest
from include.serving.load.builds import load_build
from include.serving.load.items import ItemKeys
from include.serving.load.lists import read_lists
from include.serving.load.rows import HEADER, TRAILER, encode
from include.serving.publish import Published, publish
from include.serving.rollback import RollbackRequest, roll_back
from include.settings import PROJECT
from tests.commits import commit_all
from tests.databases import Database, running_server
from tests.waiting import eventually

logger = logging.getLogger(__name__)

DAY = dt.date(2026, 1, 1)
READERS = 50
FILE_USERS = 100_000


class Scale(NamedTuple):
    """Users, entries a list, items; how many times a batch is loaded."""

    users: int
    length: int
    items: int
    turns: int = 1


SCALES = {"quick": Scale(20_000, 100, 5_000, 2), "full": Scale(1_000_000, 100, 20_000, 3)}


def run(scale: str) -> dict[str, Any]:
    """Measure at `quick` or `full` scale; times in seconds or, where the name says so, milliseconds.

    `publish_share_of_copy` is the rate at which the lake's lists arrive in PostgreSQL over that of the server's own
    COPY of a file with the same rows, both into new tables, both until the last row has arrived: the median over
    turns of one load and one COPY. Seconds to live are the whole task. The flip among readers takes a fifth of the
    users, because it does not depend on them.
    """
    size = SCALES[scale]
    figures: dict[str, Any] = {"publish_scale": f"{size.users} users x {size.length}, {size.items} items"}
    with tempfile.TemporaryDirectory(prefix="nightshelf-bench-") as folder, running_server() as database:
        lake = open_lake(Path(folder).as_uri())
        few = size._replace(users=size.users // 5)
        first, second = write_batch(lake, DAY, size, seed=0), write_batch(lake, DAY + dt.timedelta(days=1), few, seed=1)
        warm_up(database, lake)
        done, figures["publish_seconds_to_live"] = timed_publish(database, first)
        figures |= shares(database, first, size, float(done.copy_seconds or 0))
        figures["publish_again_seconds"] = timed_publish(database, first)[1]
        figures |= flip_among_readers(database, second, few)
    return figures


def shares(database: Database, batch: Batch, size: Scale, first: float) -> dict[str, Any]:
    """Return the rates of loading a batch and of the server's own COPY, the first load having been measured."""
    entries = size.users * size.length
    loads, floors = [first], []
    with floor_file(database, batch) as path:
        for turn in range(size.turns):
            if turn:
                loads.append(timed_load(database, batch))
            floors.append(copy_floor(database, path))
    turns = [floor / load for floor, load in zip(floors, loads, strict=True)]
    return {
        "publish_share_of_copy": statistics.median(turns),
        "publish_share_of_copy_turns": [round(turn, 3) for turn in turns],
        "publish_entries_per_second": entries / statistics.median(loads),
        "copy_floor_entries_per_second": entries / statistics.median(floors),
    }


def timed_load(database: Database, batch: Batch) -> float:
    """Load a batch once more, beside, and drop it; return how long its COPY took."""
    with connect(database.writer_url, "benchmark", role=WRITER) as connection:
        seconds = load_build(connection, database.writer_url, batch).copy_seconds
        drop_unreferenced(connection)
    return seconds


def write_batch(lake: Lake, day: dt.date, size: Scale, seed: int) -> Batch:
    """Commit a batch of random lists in files of up to 100,000 users."""
    staged, random = f"_staging/{day}", np.random.default_rng(seed)
    names = pa.array([f"item-{item:06d}" for item in range(size.items)])
    digests = 0
    for number, start in enumerate(range(0, size.users, FILE_USERS)):
        table = make_lists(random, names, start, min(FILE_USERS, size.users - start), size)
        digests += table_digest(table)
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, **parquet_options(LIST_KINDS[RECOMMENDATIONS]))
        lake.write_bytes(f"{staged}/recommendations/part-{number:05d}.parquet", sink.getvalue().to_pybytes())
    tables = {
        "popular": pa.table({"segment": ["everybody"], "rank": pa.array([1], pa.int32()), "item_id": names[:1],
                             "score": pa.array([1], pa.float32())}),
        "items": pa.table({"item_id": names, "title": names, "category": names, "price": np.ones(size.items),
                           "in_stock": np.ones(size.items, bool)}),
    }  # fmt: skip
    for name, table in tables.items():
        write_table(lake, staged, name, table)
    details = {"run_date": str(day), "model_version": str(seed), "variant": "main", "checksum": combine([digests])}
    folder = f"batches/{day}-{seed:012x}"
    commit_all(lake, staged, folder, fingerprint=str(seed), counts={"users": size.users}, details=details)
    return open_batch(lake, folder)


def make_lists(random: np.random.Generator, names: pa.Array, start: int, users: int, size: Scale) -> pa.Table:
    """Return the lists of some users; a third of the entries name a reason item."""
    entries = users * size.length
    offsets = pa.array(np.arange(users + 1, dtype=np.int32) * size.length)
    items, reasons = (pa.array(random.integers(0, size.items, entries, np.int32)) for _ in range(2))
    codes = random.integers(1, 4, entries, np.int8)
    named = pa.DictionaryArray.from_arrays(pa.array(reasons.to_numpy(), mask=codes != 1), names)
    columns = {
        "item_ids": pa.DictionaryArray.from_arrays(items, names).cast(pa.string()),
        "scores": pa.array(random.random(entries, np.float32)),
        "reason_codes": pa.array(codes),
        "reason_item_ids": named.cast(pa.string()),
    }
    lists = {name: pa.ListArray.from_arrays(offsets, values) for name, values in columns.items()}
    ids = pa.array([f"user-{user:09d}" for user in range(start, start + users)])
    return pa.table({"user_id": ids, "segment": pa.array([f"s{user % 20}" for user in range(users)]), **lists})


def warm_up(database: Database, lake: Lake) -> None:
    """Have everything compiled and imported before anything is timed."""
    publish(database.writer_url, write_batch(lake, DAY - dt.timedelta(days=1), Scale(100, 5, 50), 99), keep_batches=3)


def timed_publish(database: Database, batch: Batch) -> tuple[Published, float]:
    started = time.monotonic()
    done = publish(database.writer_url, batch, keep_batches=3)
    return done, time.monotonic() - started


@contextmanager
def floor_file(database: Database, batch: Batch) -> Iterator[Path]:
    """Write the batch's rows as the server's COPY reads them to its own disk."""
    keys = ItemKeys(dict(database.rows("SELECT item_id, item_key FROM reco.item")))
    path = database.server.log_file().with_name("floor.copy")
    with path.open("wb") as file:
        file.write(HEADER)
        for part in batch.lists():
            lists = read_lists(part)
            file.writelines(encode(lists, keys.of(lists.members), keys.of(lists.reason_items), 1, 1))
        file.write(TRAILER)
    path.chmod(0o644)
    yield path
    path.unlink()


def copy_floor(database: Database, path: Path) -> float:
    """Return the seconds that the server takes to COPY the file."""
    connection = psycopg2.connect(database.server.url("nightshelf", "postgres"))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE copy_floor (LIKE reco.shelf INCLUDING STORAGE)")
            started = time.monotonic()
            cursor.execute("COPY copy_floor FROM %s WITH (FORMAT binary, FREEZE)", (str(path),))
            seconds = time.monotonic() - started
        with connection, connection.cursor() as cursor:
            cursor.execute("DROP TABLE copy_floor")
    finally:
        connection.close()
    return seconds


def flip_among_readers(database: Database, batch: Batch, size: Scale) -> dict[str, float]:
    """Publish `batch` while people read, then roll back and forth; return what it cost whom."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "readers.json")
        command = [sys.executable, "-m", "tests.benchmarks.readers", database.analyst_url, str(READERS),
                   str(size.users), str(report)]  # fmt: skip
        readers = subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE)
        try:
            figures = flips(database, batch, wait_for(report))
        finally:
            readers.communicate(b"\n", timeout=60)
        from tests.benchmarks.readers import Report

        read = Report.read(report)
    windows = figures.pop("windows")
    waits = read.waits_during(windows)
    return figures | {
        "readers": READERS,
        "reader_queries": len(read.finished),
        "reader_failures": len(read.failures),
        "reader_mixed_queries": read.mixed,
        "reader_longest_wait_at_flip_ms": 1000 * max(waits, default=0.0),
        "reader_median_ms": 1000 * statistics.median(read.seconds),
    }


def wait_for(report: Path) -> None:
    """Wait until all readers have read something."""
    if not eventually(report.with_suffix(".ready").exists, seconds=60):
        raise TimeoutError("the readers do not begin")


def flips(database: Database, batch: Batch, ready: None) -> dict[str, Any]:
    """Publish among readers, then switch there and back by rollbacks; return their milliseconds and when they were."""
    _, seconds = timed_publish(database, batch)
    windows, took = [], []
    for n in range(10):
        started = time.monotonic()
        with connect(database.writer_url, "rollback", role=WRITER) as connection:
            opened = time.monotonic()
            to = batch.batch_id if n % 2 else "previous"
            roll_back(connection, RollbackRequest("main", to, f"benchmark {n}", "benchmark"))
        took.append((time.monotonic() - opened, time.monotonic() - started))
        windows.append((started, time.monotonic()))
        time.sleep(0.3)
    return {
        "publish_among_readers_seconds": seconds,
        "flip_ms": 1000 * statistics.median(flip for flip, _ in took),
        "flip_longest_ms": 1000 * max(flip for flip, _ in took),
        "rollback_seconds": max(whole for _, whole in took),
        "windows": windows,
    }
