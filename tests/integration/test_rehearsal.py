"""The whole stack of docker-compose.yaml starts as processes, and nothing of it is left behind.

The night through it is `make rehearse`: with some seven minutes on two cores it is too long for every run of the tests.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from devstack.airflow import find_awaited
from devstack.processes import marked
from devstack.progress import Display
from devstack.s3 import PROGRAM
from tests.rehearsal.night import DAGS, Night, Shop
from tests.rehearsal.spark import workers_alive
from tests.rehearsal.stack import Stack, open_stack
from tests.waiting import eventually

pytestmark = [pytest.mark.night, pytest.mark.skipif(not PROGRAM.is_file(), reason="make s3 was not run here")]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    stack = open_stack(Path(tempfile.mkdtemp(prefix="nightshelf-tests-")), dict(os.environ))
    try:
        stack.start(Display())
        yield stack
    finally:
        stack.stop()
        assert marked(stack.home.root) == []
        stack.delete()


def test_every_health_check_passes(stack: Stack) -> None:
    assert stack.unhealthy() == []
    stack.check()


def test_spark_has_two_workers(stack: Stack) -> None:
    assert workers_alive(stack.containers["spark-master"]) == 2


def test_airflow_knows_the_dags_and_its_admin(stack: Stack) -> None:
    api = Night(stack, Shop(), Display(), stack.check).api
    assert eventually(lambda: not find_awaited(api, DAGS), seconds=120)


def test_mlflow_asks_for_the_password_of_env(stack: Stack) -> None:
    url = f"{stack.containers['mlflow'].address}/api/2.0/mlflow/experiments/search?max_results=1"
    login = stack.values["MLFLOW_ADMIN"], stack.values["MLFLOW_ADMIN_PASSWORD"]
    assert requests.get(url, timeout=30).status_code == 401
    assert requests.get(url, auth=(login[0], "wrong"), timeout=30).status_code == 401
    assert requests.get(url, auth=login, timeout=30).ok


def test_a_killed_worker_is_replaced(stack: Stack) -> None:
    worker = stack.containers["spark-worker-1"]
    worker.restart()
    assert eventually(worker.ready, seconds=60)
    assert eventually(lambda: workers_alive(stack.containers["spark-master"]) == 2, seconds=60)
