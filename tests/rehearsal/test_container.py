"""Processes that stand for containers: real ones, and those of the compose file."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from devstack.processes import end_marked, find_process, marked, marks
from include.errors import StackError
from include.processes import is_alive
from include.settings import load_s3_settings, load_settings
from tests.rehearsal.compose import Healthcheck, Service
from tests.rehearsal.container import Container
from tests.rehearsal.servers import METRICS_PATH, Receiver
from tests.rehearsal.stack import Stack, open_stack
from tests.waiting import eventually

GOOD = Healthcheck((sys.executable, "-c", ""), timeout=20, patience=5)
BAD = Healthcheck((sys.executable, "-c", "raise SystemExit(1)"), timeout=20, patience=5)
SERVICE = Service("s", ours=True, command=(), environment={}, needs={}, volumes={}, health=None)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    end_marked(tmp_path, grace_seconds=0)


def container(home: Path, code: str, health: Healthcheck | None) -> Container:
    environment = {"PATH": os.environ["PATH"], **marks(home, "c")}
    return Container("c", SERVICE, [sys.executable, "-c", code], environment, health, home / "log")


def test_one_that_goes_on_is_ready_when_its_check_is_content(home: Path) -> None:
    for health, ready in ((GOOD, True), (BAD, False)):
        waiting = container(home, "import time; time.sleep(60)", health)
        waiting.start()
        assert waiting.ready() is ready


def test_one_that_ends_is_ready_when_it_has_ended_well(home: Path) -> None:
    work = container(home, "import sys; sys.stdin.read()", None)
    work.start()
    assert eventually(work.ready, seconds=20, pause=0.05)
    work.check()


@pytest.mark.parametrize(("code", "health"), [("raise SystemExit('no such thing')", None), ("print('bye')", GOOD)])
def test_one_that_ends_and_should_not_is_named_with_its_last_words(
    home: Path, code: str, health: Healthcheck | None
) -> None:
    wrong = container(home, code, health)
    wrong.start()
    with pytest.raises(StackError, match=rf"c has ended with code \d, the last it said: .+ Remedy: read {home}/log"):
        eventually(lambda: bool(wrong.check()), seconds=20, pause=0.05)


def test_a_restart_takes_what_it_started_along(home: Path) -> None:
    code = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
    parent = container(home, f"{code} time.sleep(60)", GOOD)
    parent.start()
    assert eventually(lambda: len(marked(home)) == 2, seconds=20)
    before = marked(home)
    parent.restart()
    assert not any(is_alive(process) for process in before)
    parent.check()


def test_it_dies_with_whoever_started_it(home: Path) -> None:
    pid = os.fork()
    if pid == 0:
        container(home, "import time; time.sleep(60)", GOOD).start()
        signal.pause()
    assert eventually(lambda: len(marked(home, "c")) == 1, seconds=20)
    (child,) = marked(home, "c")
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert eventually(lambda: find_process(child.pid) != child, seconds=20)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """The stack of docker-compose.yaml, not started."""
    return open_stack(tmp_path_factory.mktemp("stack"), dict(os.environ))


def test_no_container_knows_a_place_that_only_containers_have(stack: Stack) -> None:
    hosts = "|".join((*stack.containers, "postgres", "s3", "prometheus"))
    elsewhere = re.compile(
        rf"({hosts}):\d+(/|$)|0\.0\.0\.0|/opt/nightshelf|/opt/venv|/var/(lib|cache)/|(^|=)/tmp/spark"
    )
    for container in stack.containers.values():
        health = container.health.command if container.health else ()
        for text in (*container.environment.values(), *container.command, *health):
            assert not elsewhere.search(text.replace(str(stack.home.root), "HOME")), (container.name, text)


def test_files_that_name_such_places_are_copied_with_others(stack: Stack) -> None:
    copy = Path(stack.containers["mlflow"].environment["MLFLOW_AUTH_CONFIG_PATH"])
    assert copy.is_relative_to(stack.home.root)
    assert f"sqlite:///{stack.home.root}/volumes/mlflow/basic_auth.db" in copy.read_text()


def test_containers_inherit_nothing(stack: Stack) -> None:
    names = set(stack.containers["exporter"].environment)
    assert not names & {"AWS_SECRET_ACCESS_KEY", "AIRFLOW__CORE__FERNET_KEY", "JAVA_HOME", "USER"}
    assert {"NIGHTSHELF_CACHE", "NIGHTSHELF_ANALYST_URL", "PYTHONPATH"} <= names


def test_each_has_an_address_of_its_own_and_workers_are_two(stack: Stack) -> None:
    addresses = [container.environment["SPARK_LOCAL_IP"] for container in stack.containers.values()]
    assert len(set(addresses)) == len(addresses)
    assert {"spark-worker-1", "spark-worker-2"} <= set(stack.containers)
    assert stack.left_out == ["seaweedfs", "alertmanager", "grafana"]


def test_jobs_find_the_servers_by_the_compose_file_s_variables(stack: Stack) -> None:
    environment = stack.containers["airflow-scheduler"].environment
    settings, access = load_settings(environment), load_s3_settings(environment)
    assert settings.home == stack.home.root / "volumes" / "airflow"
    assert access.endpoint == f"http://127.0.0.1:{stack.s3.server.port}"
    assert f"@127.0.0.1:{stack.postgres.server.port}/" in settings.database_url.get_secret_value()
    assert settings.tracking_uri == stack.containers["mlflow"].address
    assert settings.lake_uri == "s3://nightshelf/lake"


def test_metrics_are_counted_and_other_paths_refused(tmp_path: Path) -> None:
    receiver = Receiver(SERVICE, tmp_path / "log")
    receiver.start()
    try:
        address = f"http://127.0.0.1:{receiver.port}"
        assert requests.post(address + METRICS_PATH, data=b"x", timeout=10).ok
        assert requests.post(f"{address}/other", data=b"x", timeout=10).status_code == 404
        assert receiver.received == 1
    finally:
        receiver.stop()
