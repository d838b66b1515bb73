from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.settings import PROJECT
from include.spark.standalone import offer_own_address, own_address
from tests.spark_clusters import Cluster, listens, running_cluster, wait_until

NAMES = ("SPARK_LOCAL_HOSTNAME", "SPARK_LOCAL_IP")


@pytest.fixture
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.setenv(name, "")  # so that it is restored afterwards
        monkeypatch.delenv(name)


@pytest.mark.parametrize("master", ["spark://127.0.0.1:7077", "spark://127.0.0.1", "spark://127.0.0.1:1,127.0.0.2:1"])
def test_the_own_address_is_the_one_on_the_route_to_the_master(master: str) -> None:
    assert own_address(master) == "127.0.0.1"


@pytest.mark.usefixtures("nothing_said")
def test_the_driver_offers_its_address_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    offer_own_address("spark://127.0.0.1:7077")
    assert os.environ["SPARK_LOCAL_HOSTNAME"] == "127.0.0.1"
    for name in NAMES:
        monkeypatch.delenv("SPARK_LOCAL_HOSTNAME", raising=False)
        monkeypatch.setenv(name, "told")
        offer_own_address("spark://127.0.0.1:7077")
        assert [os.environ.get(other) for other in NAMES if other != name] == [None]
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("nothing_said")
def test_an_unknown_master_is_for_spark_to_report(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> None:
        raise socket.gaierror("unknown")

    monkeypatch.setattr("include.spark.standalone.own_address", unknown)
    offer_own_address("spark://nowhere:7077")
    assert "SPARK_LOCAL_HOSTNAME" not in os.environ


@contextlib.contextmanager
def driver(cluster: Cluster, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.spark_waiting", cluster.url, str(cluster.page), *arguments]
    environment = {name: value for name, value in os.environ.items() if name not in NAMES}
    with (cluster.folder / "driver.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        )
    try:
        yield process
    finally:
        process.communicate(timeout=90)


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


@pytest.mark.spark
@pytest.mark.long
def test_a_job_waits_for_cores_but_not_for_executors_or_workers_that_die(tmp_path: Path) -> None:
    with running_cluster(tmp_path) as cluster:
        wait_until(lambda: listens(cluster.page), cluster)
        with driver(cluster) as holds:
            assert said(holds) == "10", cluster.logs()
            with driver(cluster) as waits:
                time.sleep(30)  # past its start, and its patience
                assert waits.poll() is None
                holds.communicate(timeout=90)  # it ends and frees the cores
                assert said(waits) == "10", cluster.logs()
        begun = time.monotonic()
        with driver(cluster, "127.0.0.9") as lost:  # nobody listens there
            told = said(lost)
        assert told.startswith("ExecutorsLostError: No executor reached the driver in 20 s: executors with 2 cores"), (
            told
        )
        assert "Remedy: read the newest executor's stderr" in told
        assert time.monotonic() - begun < 90
        for worker in cluster.processes[1:]:
            cluster.kill(worker)
        with driver(cluster) as alone:
            told = said(alone)
        assert told.startswith("ExecutorsLostError: No executor reached the driver in 20 s: the master has no worker")
