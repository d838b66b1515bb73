import json
import os
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from devstack import airflow as module
from devstack import api
from devstack.airflow import PORT, Airflow, airflow_environment, find_awaited, last_line, new_secrets
from devstack.home import Home
from devstack.ports import free_port
from devstack.processes import end_marked, marked, marks, spawn
from include.errors import StackError


@pytest.fixture
def airflow(tmp_path: Path) -> Airflow:
    home = Home(tmp_path)
    home.make()
    values = {**new_secrets(), PORT: str(free_port()), api.API_PORT: str(free_port())}
    shell = {"PATH": os.environ["PATH"], "AIRFLOW__CORE__EXECUTOR": "x", "NIGHTSHELF_DATASET": "x"}
    variables = airflow_environment(home, values, "postgresql://airflow:x@127.0.0.1:1/airflow", Path("/jvm"), shell)
    return Airflow(home, values, variables)


def test_everything_stays_on_this_machine_and_in_the_home(airflow: Airflow, tmp_path: Path) -> None:
    found = airflow.environment
    port = airflow.values[PORT]
    assert found["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert found["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == f"http://127.0.0.1:{port}/execution/"
    assert found["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == "postgresql+psycopg2://airflow:x@127.0.0.1:1/airflow"
    assert found["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert found["AIRFLOW_HOME"] == str(tmp_path / "airflow")
    assert found["JAVA_HOME"] == "/jvm"
    assert "NIGHTSHELF_DATASET" not in found


def test_secrets_are_new_each_time() -> None:
    first, second = new_secrets(), new_secrets()
    assert first.keys() == second.keys()
    assert not set(first.values()) & set(second.values())


def test_the_password_file_is_private(airflow: Airflow) -> None:
    airflow._write_passwords()
    assert json.loads(airflow.password_file.read_text()) == {"admin": airflow.values[module.PASSWORD]}
    assert stat.S_IMODE(airflow.password_file.stat().st_mode) == 0o600


def test_a_busy_port_is_named_before_anything_starts(airflow: Airflow) -> None:
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", int(airflow.values[PORT])))
        other.listen()
        with pytest.raises(StackError, match=rf"port {airflow.values[PORT]} .* {PORT}"):
            airflow.start()
    assert marked(airflow.home.root) == []


def test_starting_ends_what_a_killed_supervisor_left(airflow: Airflow, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {**os.environ, **marks(airflow.home.root, "airflow")}
    left = spawn(["sleep", "60"], environment, airflow.home.root, airflow.home.logs / "left.log")
    monkeypatch.setattr(module, "AIRFLOW", ["false"])
    assert airflow.start()
    assert left.wait() == -15
    end_marked(airflow.home.root, grace_seconds=0)


def test_a_supervisor_that_ended_is_said_with_its_last_line(airflow: Airflow) -> None:
    (airflow.home.logs / "airflow-migrate.log").write_text("one\nthe database is gone\n\n")
    with pytest.raises(StackError, match="supervisor ended; the last it said: the database is gone"):
        airflow.wait_until_ready(lambda _: None)


def test_the_last_line_of_nothing(tmp_path: Path) -> None:
    assert last_line(tmp_path / "none") == "nothing"


def test_a_component_that_airflow_knows_nothing_of_is_awaited() -> None:
    health = {"metadatabase": {"status": "healthy"}, "scheduler": {"status": None}, "dag_processor": None}
    api = SimpleNamespace(health=lambda: health)
    assert find_awaited(api) == "scheduler, triggerer, dag_processor"  # type: ignore[arg-type]
