"""One user's list: by the view, by the function, and by the read API against pgbench's rate for the same function call.

The API and pgbench have 32 connections, and everybody shares the cores.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
import psycopg2

from devstack.api import command
from devstack.ports import free_port
from include.lake import open_lake
from include.serving.publish import publish
from tests.benchmarks.publish import DAY, SCALES, Scale, write_batch
from tests.databases import Database, running_server
from tests.waiting import eventually

logger = logging.getLogger(__name__)

CONNECTIONS = 32
SECONDS = 8
LOOKUPS = 2000
TURNS = 3
N = 20
# A user of the batch, another one each time
PGBENCH = "\\set user random(0, {last})\nSELECT * FROM reco.recommend('user-' || lpad(:user::text, 9, '0'), {n});\n"
WRK = """
local last = {last}
math.randomseed(os.time())
request = function()
  return wrk.format("GET", string.format("/users/user-%09d/recommendations?n={n}", math.random(0, last)))
end
"""


def run(scale: str) -> dict[str, Any]:
    """Measure in turns: pgbench, then wrk, on the same database; answers a second, and the median share.

    The API is not measured where there is no wrk or no pgbench.
    """
    wrk = shutil.which("wrk")
    size = SCALES[scale]
    with tempfile.TemporaryDirectory(prefix="nightshelf-bench-") as folder, running_server() as database:
        pgbench = database.server.program("pgbench")
        batch = write_batch(open_lake(Path(folder).as_uri()), DAY, size, seed=0)
        publish(database.writer_url, batch, keep_batches=2)
        figures = lookups(database, size)
        if wrk is None or not pgbench.is_file():
            logger.warning("the read API is not measured: there is no %s", "wrk" if wrk is None else pgbench)
            return figures
        scripts = {"list.sql": PGBENCH, "list.lua": WRK}
        for name, text in scripts.items():
            Path(folder, name).write_text(text.format(last=size.users - 1, n=N))
        with serving(database.analyst_url) as address:
            turns = [
                (called(pgbench, database, Path(folder, "list.sql")), answered(wrk, address, Path(folder, "list.lua")))
                for _ in range(TURNS)
            ]
    return figures | {
        "api_answers_per_s": statistics.median(answers for _, answers in turns),
        "api_pgbench_calls_per_s": statistics.median(calls for calls, _ in turns),
        "api_share_of_pgbench": statistics.median(answers / calls for calls, answers in turns),
    }


@contextmanager
def serving(url: str) -> Iterator[str]:
    """Serve the API as a deployment does, by one process for each core."""
    port = str(free_port())
    options = ["--workers", str(len(os.sched_getaffinity(0))), "--log-level", "warning"]
    environment = {**os.environ, "NIGHTSHELF_ANALYST_URL": url, "NIGHTSHELF_API_KEY": ""}
    process = subprocess.Popen([*command(port), *options], env=environment)
    address = f"http://127.0.0.1:{port}"
    try:
        if not eventually(lambda: answers(address), seconds=60):
            raise TimeoutError("the API does not start")
        yield address
    finally:
        process.terminate()
        process.wait(30)


def answers(address: str) -> bool:
    try:
        return bool(urlopen(f"{address}/health").status == 200)
    except OSError:
        return False


def called(pgbench: Path, database: Database, script: Path) -> float:
    """Return how many calls of the function a second pgbench makes, prepared."""
    options = ["-n", "-M", "prepared", "-c", str(CONNECTIONS), "-j", "2", "-T", str(SECONDS), "-f", str(script)]
    done = subprocess.run([pgbench, *options, database.analyst_url], capture_output=True, text=True, check=True)
    return float(re.findall(r"tps = ([\d.]+)", done.stdout)[-1])


def answered(wrk: str, address: str, script: Path) -> float:
    """Return how many answers a second wrk gets.

    Raises
    ------
    RuntimeError
        When an answer was an error.
    """
    options = ["-t", "2", "-c", str(CONNECTIONS), "-d", f"{SECONDS}s", "-s", str(script), address]
    done = subprocess.run([wrk, *options], capture_output=True, text=True, check=True)
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise RuntimeError(done.stdout)
    return float(re.findall(r"Requests/sec:\s+([\d.]+)", done.stdout)[0])


def lookups(database: Database, size: Scale) -> dict[str, float]:
    """Return the median milliseconds of one user's list, by the view and by the function."""
    random = np.random.default_rng(1)
    connection = psycopg2.connect(database.analyst_url)
    medians = []
    with connection, connection.cursor() as cursor:
        cursor.execute("PREPARE by_view AS SELECT * FROM recommendations WHERE user_id = $1")
        cursor.execute("PREPARE by_function AS SELECT * FROM recommend($1, 100)")
        for name in ("by_view", "by_function"):
            seconds = []
            for user in random.integers(0, size.users, LOOKUPS):
                started = time.perf_counter()
                cursor.execute(f"EXECUTE {name} (%s)", (f"user-{user:09d}",))
                seconds.append(time.perf_counter() - started)
                cursor.fetchall()
            medians.append(1000 * statistics.median(seconds))
    connection.close()
    return {"lookup_ms": medians[0], "lookup_function_ms": medians[1]}
