"""Ingest of sixty days of Parquet in Spark, against the same work in DuckDB.

The same files, the same casts, checks, deduplication by event id within a day and Parquet (zstd) by day, in turn in one
run. DuckDB is the peer of what one machine can do; it keeps no books, no quarantine and no reasons.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from include.contract import Dataset
from include.ingest.ingest import ingest_table
from include.lake import open_lake, partition_folder
from include.settings import PROJECT, load_settings
from include.spark.session import for_data, spark_session
from tests.benchmarks.memory import memory

FIRST = dt.date(2026, 1, 1)
ROWS_A_DAY = {"quick": 17_000, "full": 170_000}
DAYS = 60
REPEATED, BROKEN = 0.01, 0.002
USERS, ITEMS = 200_000, 20_000
TYPES = ("view", "cart", "purchase", "return")
COLUMNS = ("event_id", "user_id", "item_id", "event_type", "event_ts", "quantity", "price")
PEER = Path(__file__).with_name("etl_peer.py")


def run(scale: str) -> dict[str, Any]:
    """Return seconds, peak memory and their ratio.

    Parameters
    ----------
    scale
        "quick" or "full".
    """
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as home:
        settings = load_settings({"NIGHTSHELF_HOME": home, "SPARK_MASTER": f"local[{cores}]"})
        landing, lake = open_lake(settings.landing_uri), open_lake(settings.lake_uri)
        days = [FIRST + dt.timedelta(days=number) for number in range(DAYS)]
        for number, day in enumerate(days):
            write_day(Path(settings.landing_uri.removeprefix("file://")), day, ROWS_A_DAY[scale], number)
        size = sum(file.size for file in landing.list_files("events"))
        with spark_session("benchmark", for_data(settings, size)) as spark:
            spark_seconds, counts = seconds(lambda: ingest_table(spark, landing, lake, plain_dataset(), "events", days))
            spark_gb = memory("VmHWM", spark.sparkContext._gateway.proc.pid) / 1e3
        duckdb = _duckdb(settings.landing_uri, Path(home, "duckdb"), cores)
    return {
        "etl_rows": counts["landed"],
        "etl_rows_ingested": counts["ingested"],
        "etl_duckdb_rows_ingested": duckdb["rows"],
        "etl_seconds": spark_seconds,
        "etl_duckdb_seconds": duckdb["seconds"],
        "etl_times_duckdb": spark_seconds / duckdb["seconds"],
        "etl_peak_gib": (spark_gb * 1e9 + resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024) / 2**30,
    }


def plain_dataset() -> Dataset:
    """Return the mapping of files that carry the contract's own columns."""
    one = {"source": {"required": list(COLUMNS)}, "columns": {name: name for name in COLUMNS}}
    items = {"source": {"required": ["item_id", "title"]}, "columns": {"item_id": "item_id", "title": "title"}}
    users = {"source": {"required": ["user_id"]}, "columns": {"user_id": "user_id"}}
    tables = {"events": one, "items": items, "users": users}
    return Dataset.model_validate({"name": "plain", "description": "The contract's own columns.", "tables": tables})


def write_day(landing: Path, day: dt.date, rows: int, number: int, users: int = USERS) -> None:
    """Deliver a day of events, some of them twice and some of them broken."""
    random = np.random.default_rng([number, rows])
    new = rows - int(rows * REPEATED)
    kinds = np.array(TYPES)[random.choice(len(TYPES), new, p=[0.7, 0.15, 0.13, 0.02])]
    quantity = random.integers(1, 4, new).astype(np.float64)
    quantity[random.random(new) < BROKEN] = 0
    seconds = np.sort(random.integers(0, 86_400, new))
    stamps = np.datetime64(day, "us") + seconds.astype("timedelta64[s]")
    table = pa.table(
        {
            "event_id": [f"{day:%Y%m%d}-{random_id:016x}" for random_id in random.integers(0, 2**62, new)],
            "user_id": np.char.add("user-", random.integers(0, users, new).astype(np.str_)),
            "item_id": np.char.add("item-", (random.pareto(1.1, new) * 20 % ITEMS).astype(np.int64).astype(np.str_)),
            "event_type": kinds,
            "event_ts": pa.array(stamps, pa.timestamp("us", tz="UTC")),
            "quantity": quantity,
            "price": np.round(random.lognormal(3, 1, new), 2),
        }
    )
    again = pa.array(random.integers(0, new, rows - new))
    folder = landing / partition_folder("events", day)
    folder.mkdir(parents=True)
    pq.write_table(pa.concat_tables([table, table.take(again)]), folder / "events.parquet", compression="zstd")
    (folder / "_SUCCESS").touch()


def _duckdb(landing_uri: str, target: Path, cores: int) -> dict[str, float]:
    """Return what the peer says, which runs in the environment of `requirements/bench.txt`."""
    source = f"{landing_uri.removeprefix('file://')}/events"
    command = [PROJECT / ".venv-bench" / "bin" / "python", PEER, source, target, str(cores)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return found


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return how long `work` takes, and what it returns."""
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result
