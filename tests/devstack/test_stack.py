import os
import socket
from pathlib import Path

import pytest

from devstack.home import S3_PORT, Home
from devstack.ports import PORTS
from devstack.postgres import POSTGRES_PORT
from devstack.processes import marked, marks, spawn
from devstack.stack import AIRFLOW_PORT, delete_stack, open_stack, stop_stack
from include.errors import StackError
from include.settings import load_settings

SHELL = {name: os.environ[name] for name in ("PATH", "JAVA_HOME") if name in os.environ}


def test_ports_and_secrets_are_chosen_once(tmp_path: Path) -> None:
    first, second = open_stack(tmp_path, SHELL), open_stack(tmp_path, SHELL)
    assert first.values == second.values
    assert first.values[AIRFLOW_PORT] != first.values[POSTGRES_PORT]


def test_two_homes_share_nothing_of_that(tmp_path: Path) -> None:
    with socket.socket() as holder:  # the first stack runs, so its port is taken
        first = open_stack(tmp_path / "a", SHELL)
        holder.bind(("127.0.0.1", int(first.values[AIRFLOW_PORT])))
        second = open_stack(tmp_path / "b", SHELL)
    assert first.values[AIRFLOW_PORT] != second.values[AIRFLOW_PORT]
    assert not set(first.airflow.values.values()) & set(second.airflow.values.values()) - {first.values[POSTGRES_PORT]}


def test_a_home_has_an_s3_server_once_it_was_asked_for(tmp_path: Path) -> None:
    assert open_stack(tmp_path, SHELL).s3 is None
    assert "LAKE_URI" not in Home(tmp_path).values()
    first = open_stack(tmp_path, SHELL, with_s3=True)
    again = open_stack(tmp_path, {**SHELL, S3_PORT: "12346", "AWS_ACCESS_KEY_ID": "theirs"})
    assert first.s3 is not None
    assert again.s3 is not None
    assert again.s3.port == 12346
    assert again.values["AWS_ENDPOINT_URL"] == "http://127.0.0.1:12346"
    assert again.values["AWS_ACCESS_KEY_ID"] == first.values["AWS_ACCESS_KEY_ID"]
    settings = load_settings(again.airflow.environment)
    assert {settings.lake_uri, settings.landing_uri, settings.artifact_uri} == {
        f"s3://nightshelf/{folder}" for folder in ("lake", "landing", "mlflow")
    }


def test_a_port_from_the_environment_wins_and_is_remembered(tmp_path: Path) -> None:
    open_stack(tmp_path, SHELL)
    assert open_stack(tmp_path, {**SHELL, AIRFLOW_PORT: "12345"}).airflow.url == "http://127.0.0.1:12345"
    assert open_stack(tmp_path, SHELL).airflow.url == "http://127.0.0.1:12345"
    with pytest.raises(StackError, match=f"{AIRFLOW_PORT}=http is no port"):
        open_stack(tmp_path, {**SHELL, AIRFLOW_PORT: "http"})


def test_a_busy_database_port_names_the_variable(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        with pytest.raises(StackError, match=rf"port {port} .* choose another port with {POSTGRES_PORT}"):
            open_stack(tmp_path, {**SHELL, POSTGRES_PORT: port}).start_postgres()


def test_no_java_is_said_before_a_folder_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devstack.java.INSTALLED", tmp_path / "none")
    with pytest.raises(StackError, match="Spark needs Java 17"):
        open_stack(tmp_path / "home", {"PATH": ""})
    assert not (tmp_path / "home").exists()


def test_stopping_where_nothing_is(tmp_path: Path) -> None:
    assert stop_stack(Home(tmp_path / "none")) == 0
    open_stack(tmp_path, SHELL)
    assert stop_stack(Home(tmp_path)) == 0


def test_jobs_are_stopped_too(tmp_path: Path) -> None:
    open_stack(tmp_path, SHELL)
    job = spawn(["sleep", "60"], {**os.environ, **marks(tmp_path, "job")}, tmp_path, tmp_path / "log")
    assert stop_stack(Home(tmp_path)) == 1
    assert job.wait() == -15
    assert marked(tmp_path) == []


def test_only_a_home_of_ours_is_deleted(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "precious").mkdir()
    with pytest.raises(StackError, match="holds no stack of ours and is left alone"):
        delete_stack(Home(tmp_path / "precious"), said.append)
    delete_stack(Home(tmp_path / "none"), said.append)
    open_stack(tmp_path / "home", SHELL)
    delete_stack(Home(tmp_path / "home"), said.append)
    assert said == [f"{tmp_path / 'none'} is not there", f"{tmp_path / 'home'} is deleted"]
    assert not (tmp_path / "home").exists()


@pytest.mark.postgres
def test_a_started_database_is_remembered_for_jobs_and_analysts(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    stack = open_stack(tmp_path / "home", {**SHELL, POSTGRES_PORT: str(PORTS[-1] + 57)})
    try:
        stack.start_postgres()
        settings = load_settings({"NIGHTSHELF_HOME": str(tmp_path / "home")})
        assert settings.database_url.get_secret_value() == stack.postgres.url("nightshelf", "nightshelf")
        assert settings.analyst_url.get_secret_value() == stack.postgres.url("nightshelf", "analyst")
        assert stop_stack(stack.home) == 1
        assert not stack.postgres.running()
    finally:
        delete_stack(stack.home, lambda _: None)
