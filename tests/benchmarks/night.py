"""How the steps of a night grow with what came: its own day's ingest, and what follows from sixty days to the lists.

Each number of events is a shop of its own over sixty days, with as many more users; each step is the night's own job in
a process of its own, so that it starts Python and Spark as the night does. The days before are ingested in one run.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from include.columns import ITEMS, TABLES, USERS
from include.lake import partition_folder
from include.settings import PROJECT
from tests.benchmarks.etl import DAYS, FIRST, plain_dataset, seconds, write_day
from tests.benchmarks.etl import ITEMS as N_ITEMS
from tests.databases import running_server

LAST = FIRST + dt.timedelta(days=DAYS - 1)


class Shop(NamedTuple):
    """Events a day, and users."""

    events: int
    users: int


SHOPS = {"1M": Shop(17_000, 20_000), "10M": Shop(170_000, 200_000), "30M": Shop(500_000, 600_000)}
SCALES = {"quick": ["1M"], "full": ["1M", "10M", "30M"]}


def run(scale: str) -> dict[str, Any]:
    """Return the seconds of each step by number of events.

    `NIGHTSHELF_BENCH_SHOPS`, such as "1M 10M", measures fewer.

    Parameters
    ----------
    scale
        "quick" or "full".
    """
    figures: dict[str, Any] = {}
    for name in os.environ.get("NIGHTSHELF_BENCH_SHOPS", " ".join(SCALES[scale])).split():
        found = measure_night(SHOPS[name])
        figures |= {f"night_{step}_seconds_{name}_events": value for step, value in found.items()}
    return figures


def measure_night(shop: Shop) -> dict[str, float]:
    """Return the seconds of each step of the last of sixty nights of a shop."""
    with tempfile.TemporaryDirectory() as home, running_server() as database:
        mapping = Path(home, "shop.yaml")
        mapping.write_text(yaml.safe_dump(plain_dataset().model_dump(mode="json", exclude_defaults=True)))
        environment = os.environ | {
            "NIGHTSHELF_HOME": home,
            "NIGHTSHELF_DATASET": str(mapping),
            "NIGHTSHELF_DATABASE_URL": database.writer_url,
            "SPARK_MASTER": f"local[{len(os.sched_getaffinity(0))}]",
        }
        for number in range(DAYS):
            day = FIRST + dt.timedelta(days=number)
            write_day(Path(home, "landing"), day, shop.events, number, shop.users)
            _deliver_shop(Path(home, "landing"), day, shop.users, first=not number)
        found: dict[str, float] = {}

        def step(name: str, job: str, *arguments: object) -> dict[str, Any]:
            found[name], result = seconds(lambda: run_job(environment, job, *arguments))
            return dict(result)

        step("ingest_60_days", "ingest", "--tables", *TABLES, "--from", FIRST, "--to", LAST)
        step("ingest_a_day", "ingest", "--tables", *TABLES, "--date", LAST)
        step("validate", "validate", "--date", LAST)
        folder = step("build", "build_training_set", "--date", LAST)["training_set"]
        version = step("train", "train", "--training-set", folder)["model_version"]
        evaluation = step("evaluate", "evaluate", "--training-set", folder, "--model-version", version)["evaluation"]
        run_job(environment, "gate", "--evaluation", evaluation)
        why = ("--by", "benchmark", "--reason", "to serve it", "--request", "benchmark")
        run_job(environment, "decide", "--model-version", version, "--answer", "promote", *why)
        batch = step("score", "score", "--date", LAST, "--training-set", folder)["batch"]
        step("publish", "publish", "--batch", batch)
    return found


def run_job(environment: dict[str, str], job: str, *arguments: object) -> dict[str, Any]:
    """Run a job as a person would in a shell and return its result."""
    command = [sys.executable, "-m", f"jobs.{job}", *map(str, arguments)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment, cwd=PROJECT, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _deliver_shop(landing: Path, day: dt.date, users: int, *, first: bool) -> None:
    """Deliver all items and users on the first day, and nothing new on the others."""
    items = {"item_id": [f"item-{n}" for n in range(N_ITEMS)], "title": [f"Thing {n}" for n in range(N_ITEMS)]}
    tables = {ITEMS: items, USERS: {"user_id": [f"user-{n}" for n in range(users)]}}
    for name, columns in tables.items():
        folder = landing / partition_folder(name, day)
        folder.mkdir(parents=True)
        if first:
            pq.write_table(pa.table(columns), folder / "all.parquet")
        (folder / "_SUCCESS").touch()
