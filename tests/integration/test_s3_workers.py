"""A cluster of two workers on a lake on S3: one is killed while it writes, in each task of a night on Spark."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from include.lake import Lake, list_days, open_folder, open_lake, partition_folder
from include.settings import PROJECT
from tests import leaks
from tests.databases import Database
from tests.s3_proxy import FaultyProxy, running_proxy
from tests.s3_servers import BUCKET, JARS, SECRET, needs_jars
from tests.spark_clusters import Cluster, running_cluster

pytestmark = [pytest.mark.long, pytest.mark.spark, pytest.mark.postgres, needs_jars]

FIRST, LAST = "2025-01-01", "2025-01-02"
TABLES = ("events", "items", "users")


class Killer:
    """Kills, once, the worker that sends a part of a staged file at this very moment."""

    def __init__(self, cluster: Cluster, proxy: FaultyProxy) -> None:
        self.cluster, self.killed = cluster, 0
        self._lock = threading.Lock()
        proxy.on_request = self.look

    def look(self, method: str, target: str, port: int) -> None:
        if method != "PUT" or "/_staging/" not in target or "partNumber=" not in target:
            return
        workers = {process.pid for process in self.cluster.processes[1:]}
        with self._lock:
            if self.killed:
                return
            held = {one.pid for one in psutil.net_connections("tcp") if one.laddr and one.laddr.port == port}
            for pid in filter(None, held):
                worker = os.getsid(pid)  # Python in a task has a process group of its own
                if worker in workers:  # not the driver
                    os.killpg(worker, signal.SIGKILL)
                    os.kill(pid, signal.SIGKILL)
                    self.killed = worker


class Night:
    """Runs jobs on the cluster or on this machine alone, on a lake each."""

    def __init__(self, environment: dict[str, str], lake_uri: str) -> None:
        self.environment = {**environment, "LAKE_URI": lake_uri}

    @property
    def lake(self) -> Lake:
        return open_lake(self.environment["LAKE_URI"])

    def run(self, job: str, *arguments: str) -> tuple[dict[str, Any], str]:
        """Return a job's result and its log."""
        done = subprocess.run(
            [sys.executable, "-m", f"jobs.{job}", *arguments],
            cwd=PROJECT, env=self.environment, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout), done.stderr


def test_a_worker_killed_in_each_task_changes_nothing(s3: dict[str, str], postgres: Database, tmp_path: Path) -> None:
    root = f"s3://{BUCKET}/night"
    common = {
        **s3,
        "LANDING_URI": f"{root}/landing",
        "NIGHTSHELF_CACHE": str(JARS.parent),
        "NIGHTSHELF_DATABASE_URL": postgres.writer_url,
        "NIGHTSHELF_POLICY": str(tmp_path / "policy.yaml"),
        "NIGHTSHELF_HOME": str(tmp_path / "home"),
    }
    (tmp_path / "policy.yaml").write_text("{evaluation: {holdout_days: 1}}")
    folder = tmp_path / "cluster"
    folder.mkdir()
    with (
        leaks.CommandLines() as command_lines,
        running_proxy(s3["AWS_ENDPOINT_URL"]) as proxy,
        running_cluster(folder, **s3) as cluster,
    ):
        alone = Night({**os.environ, **common, "SPARK_MASTER": "local[2]"}, f"{root}/alone")
        far = {**cluster.environment(), **common, "AWS_ENDPOINT_URL": proxy.address}
        killed = Night(far, f"{root}/killed")
        alone.run("demo_shop", "--from", FIRST, "--to", LAST, "--users", "600", "--items", "100")

        def both(job: str, *arguments: str) -> dict[str, Any]:
            expected, _ = alone.run(job, *arguments)
            killer = Killer(cluster, proxy)
            result, log = killed.run(job, *arguments)
            assert killer.killed, "nobody was writing"
            assert "Lost executor" in log
            assert result == expected
            assert killed.lake.list_files("_staging") == []
            (dead,) = [process for process in cluster.processes if process.pid == killer.killed]
            cluster.kill(dead)
            cluster.processes.remove(dead)
            cluster.start_worker()
            return result

        both("ingest", "--tables", *TABLES, "--from", FIRST, "--to", LAST)
        trained = both("build_training_set", "--date", LAST)["training_set"]
        scored = both("score", "--date", LAST, "--training-set", trained)["batch"]

    secret = {"the secret of S3": SECRET}
    assert leaks.in_files(folder, secret) == []
    assert command_lines.with_secrets(secret) == []

    days = [partition_folder(table, day) for table in TABLES for day in list_days(alone.lake, table)]
    assert len(days) == 2 * len(TABLES)
    for committed in [*days, trained, scored]:
        assert open_folder(alone.lake, committed) == open_folder(killed.lake, committed)
