"""Airflow as four supervised processes of this machine, its metadata in the stack's PostgreSQL."""

from __future__ import annotations

import base64
import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.health import PARTS, is_healthy
from devstack import api
from devstack.home import Home
from devstack.ports import LOCALHOST, require_free
from devstack.processes import marks
from devstack.rest import AirflowApi, ApiError
from devstack.supervised import Supervised
from include.errors import StackError
from include.settings import PROJECT, read_stack_file

USER = "admin"
PASSWORDS = "passwords.json"
READY_SECONDS = 240
PART = "airflow"
SETTINGS = PROJECT / "deploy" / "airflow" / "airflow.env"
AIRFLOW = [sys.executable, "-m", "airflow"]
COMMANDS = {
    "api-server": [*AIRFLOW, "api-server"],
    "scheduler": [*AIRFLOW, "scheduler", "--skip-serve-logs"],  # the api-server reads the logs' files itself
    "dag-processor": [*AIRFLOW, "dag-processor"],
    "triggerer": [*AIRFLOW, "triggerer", "--skip-serve-logs"],
}
DAGS = ("nightly_recommendations", "catch_up", "bootstrap_history")

PORT, PASSWORD, FERNET, JWT = (
    "NIGHTSHELF_AIRFLOW_PORT",
    "NIGHTSHELF_AIRFLOW_PASSWORD",
    "NIGHTSHELF_FERNET_KEY",
    "NIGHTSHELF_JWT_SECRET",
)

# What a job needs beside NIGHTSHELF_HOME and JAVA_HOME; the rest it reads in the stack file.
JOB_VARIABLES = {"PYTHONPATH": str(PROJECT), "MLFLOW_DISABLE_TELEMETRY": "true", "GX_ANALYTICS_ENABLED": "false"}


def new_secrets() -> dict[str, str]:
    """Return the secrets that one installation needs, by the names under which it remembers them."""
    return {
        PASSWORD: secrets.token_urlsafe(12),
        FERNET: base64.urlsafe_b64encode(os.urandom(32)).decode(),
        JWT: secrets.token_urlsafe(48),
    }


def airflow_environment(
    home: Home, values: Mapping[str, str], database_url: str, java_home: Path, inherited: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment of Airflow's processes and, through them, of every task.

    Parameters
    ----------
    values
        The stack file's, with port and secrets.
    database_url
        Of Airflow's metadata.
    inherited
        The environment of the process that starts the stack.
    """
    port = values[PORT]
    settings = {
        "CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "CORE__FERNET_KEY": values[FERNET],
        "CORE__EXECUTION_API_SERVER_URL": f"http://{LOCALHOST}:{port}/execution/",
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home.airflow / PASSWORDS),
        "DATABASE__SQL_ALCHEMY_CONN": database_url.replace("postgresql://", "postgresql+psycopg2://", 1),
        "API__HOST": LOCALHOST,
        "API__PORT": port,
        "API__BASE_URL": f"http://{LOCALHOST}:{port}",
        "API_AUTH__JWT_SECRET": values[JWT],
        "LOGGING__BASE_LOG_FOLDER": str(home.task_logs),
        "DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "DAG_PROCESSOR__PARSING_PROCESSES": "1",
    }
    return {
        **home.environment(inherited),
        **read_stack_file(SETTINGS),
        **{f"AIRFLOW__{name}": value for name, value in settings.items()},
        **marks(home.root, PART),
        **JOB_VARIABLES,
        "JAVA_HOME": str(java_home),
        "AIRFLOW_HOME": str(home.airflow),
    }


def supervised(home: Home) -> Supervised:
    """Return the four processes, and the read API's, as what they are started and stopped by."""
    port = home.values().get(api.API_PORT, str(api.FAVOURITE))
    return Supervised(home, PART, {**COMMANDS, api.NAME: api.command(port)}, migrate=[*AIRFLOW, "db", "migrate"])


@dataclass(frozen=True)
class Airflow:
    """The Airflow of one home.

    Parameters
    ----------
    environment
        See `airflow_environment`.
    """

    home: Home
    values: Mapping[str, str]
    environment: Mapping[str, str]

    @property
    def url(self) -> str:
        """Return where the UI is."""
        return f"http://{LOCALHOST}:{self.values[PORT]}"

    @property
    def password_file(self) -> Path:
        """Return the file that holds the admin's password."""
        return self.home.airflow / PASSWORDS

    @property
    def access(self) -> str:
        """Return where the UI is and how to log in, for a person."""
        return f"{self.url} as {USER}, password in {self.password_file}"

    def api(self) -> AirflowApi:
        """Return a client that logs in as the admin."""
        return AirflowApi(self.url, USER, self.values[PASSWORD])

    def start(self) -> bool:
        """Start Airflow unless it runs, after ending what a killed supervisor left; tell whether it was started.

        Raises
        ------
        StackError
            When the port is busy.
        """
        airflow = supervised(self.home)
        if airflow.find_supervisor():
            return False
        airflow.end_leftovers()
        require_free(int(self.values[PORT]), "Airflow's api-server", variable=PORT)
        require_free(int(self.values[api.API_PORT]), "the read API", variable=api.API_PORT)
        self._write_passwords()
        airflow.start(self.environment)
        return True

    def wait_until_ready(self, tell: Callable[[str], None]) -> None:
        """Wait as the function `wait_until_ready` does.

        Raises
        ------
        StackError
            Also when the supervisor ended.
        """
        airflow = supervised(self.home)

        def tell_if_it_runs(awaited: str) -> None:
            if airflow.find_supervisor() is None:
                log = airflow.migrate_log
                raise StackError(
                    f"Airflow's supervisor ended; the last it said: {last_line(log)}", remedy=f"read {log}"
                )
            tell(awaited)

        wait_until_ready(self.api(), tell_if_it_runs, f"read the logs in {self.home.logs}, then try again")

    def _write_passwords(self) -> None:
        path = self.password_file
        path.touch(mode=0o600)
        path.write_text(json.dumps({USER: self.values[PASSWORD]}))


def last_line(path: Path) -> str:
    """Return the last line of a log that is not empty."""
    lines = path.read_text(errors="replace").split("\n") if path.is_file() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "nothing")


def wait_until_ready(api: AirflowApi, tell: Callable[[str], None], remedy: str) -> None:
    """Wait until all four processes are healthy and the DAGs are parsed.

    Parameters
    ----------
    tell
        Called with what is still awaited.

    Raises
    ------
    StackError
        When a DAG cannot be imported, or it takes too long.
    """
    deadline = time.monotonic() + READY_SECONDS
    while awaited := find_awaited(api):
        if time.monotonic() > deadline:
            raise StackError(
                f"Airflow is not ready after {READY_SECONDS} s: still waiting for {awaited}", remedy=remedy
            )
        tell(awaited)
        time.sleep(0.5)


def find_awaited(api: AirflowApi) -> str:
    """Return which process or DAG is not ready yet; nothing when everything is.

    Raises
    ------
    StackError
        When a DAG cannot be imported.
    """
    try:
        health = api.health()
        sick = [part for part in PARTS if not is_healthy(health, part)]
        if sick:
            return ", ".join(sick)
        errors = api.import_errors()
        if errors:
            name, trace = next(iter(errors.items()))
            raise StackError(f"{name} cannot be imported: {trace.strip().splitlines()[-1]}", remedy="correct the file")
        missing = [dag for dag in DAGS if not api.dag_is_parsed(dag)]
        return f"DAG {', '.join(missing)}" if missing else ""
    except ApiError:
        return "the api-server"
