"""Scoring on a real standalone cluster of two workers, one of which is killed in the middle."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from include.settings import PROJECT
from tests.include.ranking.made import expected_digest, make_night
from tests.spark_clusters import running_cluster, wait_until

pytestmark = pytest.mark.spark

USERS = 512 * 24


def test_a_killed_worker_costs_a_retry_and_no_row_is_there_twice(tmp_path: Path) -> None:
    target = tmp_path / "lists"
    target.mkdir()
    command = [sys.executable, "-m", "tests.include.ranking.cluster_driver", str(target), str(USERS)]
    with running_cluster(tmp_path) as cluster, (tmp_path / "driver.log").open("wb") as log:
        driver = subprocess.Popen(command, cwd=PROJECT, env=cluster.environment(), stdout=subprocess.PIPE, stderr=log)
        cluster.processes.append(driver)
        try:
            wait_until(lambda: len(list(target.glob("part-*"))) >= 4 or driver.poll() is not None, cluster)
            cluster.kill(cluster.processes[1])
            output, _ = driver.communicate(timeout=150)
        finally:
            cluster.processes.remove(driver)
            driver.kill()
    assert driver.returncode == 0, cluster.logs()
    assert "Lost executor" in (tmp_path / "driver.log").read_text(), "the kill came too late to be noticed"
    written = json.loads(output)
    tables = [pq.read_table(target / file, columns=["user_id"], partitioning=None) for file in written["files"]]
    listed = [user for table in tables for user in table["user_id"].to_pylist()]
    catalogue, users = make_night(USERS)
    assert listed == users.user_ids.tolist()
    assert written["counts"]["users"] == USERS
    assert written["digest"] == expected_digest(catalogue, users)
