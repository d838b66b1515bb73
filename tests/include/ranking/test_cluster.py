"""A real standalone cluster of two workers, one of which is killed in the middle of scoring."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.include.ranking.made import expected_digest, make_night

pytestmark = pytest.mark.spark

USERS = 512 * 24
PROJECT = Path(__file__).resolve().parents[3]
JAVA = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"


class Cluster:
    """A master and workers; each process leads a group of its own, which its executors belong to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"spark://127.0.0.1:{self.port}"

    def start(self, kind: str, *arguments: str) -> subprocess.Popen[bytes]:
        import pyspark

        home = Path(pyspark.__file__).parent
        environment = {
            **os.environ,
            "SPARK_HOME": str(home),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_DAEMON_JAVA_OPTS": f"{JAVA} -Dspark.master.rest.enabled=false",
        }
        command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{kind}", "--host", "127.0.0.1"]
        log = (self.folder / f"process-{len(self.processes)}.log").open("wb")
        with log:
            process = subprocess.Popen(
                [*command, *arguments, "--webui-port", "0"],
                env=environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=30)

    def logs(self) -> str:
        return "\n".join(path.read_text(errors="replace")[-2000:] for path in sorted(self.folder.glob("*.log")))


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(what: Callable[[], bool], seconds: float, cluster: Cluster) -> None:
    limit = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < limit, cluster.logs()
        time.sleep(0.05)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    try:
        made.start("master.Master", "--port", str(made.port))
        wait_until(lambda: listens(made.port), 150, made)
        for number in range(2):
            work = str(tmp_path / f"work-{number}")
            made.start("worker.Worker", "--cores", "1", "--memory", "600m", "--work-dir", work, made.url)
        yield made
    finally:
        for process in reversed(made.processes):
            made.kill(process)


@pytest.fixture
def environment(cluster: Cluster, tmp_path: Path) -> dict[str, str]:
    """What a job's environment says to run on the cluster: the master, and Spark's own defaults file."""
    conf = tmp_path / "conf"
    conf.mkdir()
    (conf / "spark-defaults.conf").write_text(
        "spark.executor.memory 512m\n"
        # Do not begin before both workers are there
        "spark.scheduler.minRegisteredResourcesRatio 1.0\n"
        "spark.scheduler.maxRegisteredResourcesWaitingTime 60s\n"
        "spark.cores.max 2\n"
    )
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("SPARK", "PYSPARK"))},
        "NIGHTSHELF_HOME": str(tmp_path),
        "SPARK_MASTER": cluster.url,
        "SPARK_DRIVER_MEMORY": "512m",
        "SPARK_CONF_DIR": str(conf),
    }


def test_a_killed_worker_costs_a_retry_and_no_row_is_there_twice(
    cluster: Cluster, environment: dict[str, str], tmp_path: Path
) -> None:
    target = tmp_path / "lists"
    target.mkdir()
    command = [sys.executable, "-m", "tests.include.ranking.cluster_driver", str(target), str(USERS)]
    with (tmp_path / "driver.log").open("wb") as log:
        driver = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=log)
        cluster.processes.append(driver)
        try:
            wait_until(lambda: len(list(target.glob("part-*"))) >= 4 or driver.poll() is not None, 150, cluster)
            cluster.kill(cluster.processes[1])
            output, _ = driver.communicate(timeout=150)
        finally:
            cluster.processes.remove(driver)
            driver.kill()
    assert driver.returncode == 0, cluster.logs()
    assert "Lost executor" in (tmp_path / "driver.log").read_text(), "the kill came too late to be noticed"
    written = json.loads(output)
    tables = [pq.read_table(target / file, columns=["user_id"], partitioning=None) for file in written["files"]]
    users = [user for table in tables for user in table["user_id"].to_pylist()]
    catalogue, shoppers = make_night(USERS)
    assert users == shoppers.user_ids.tolist()
    assert written["counts"]["users"] == USERS
    assert written["digest"] == expected_digest(catalogue, shoppers)
