"""Programs that take over the terminal: an analyst's SQL prompt, MLflow's pages."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import NoReturn
from urllib.parse import urlsplit

from devstack.home import Home
from devstack.ports import LOCALHOST, free_port, is_free
from devstack.postgres import POSTGRES_PORT, Postgres
from devstack.processes import marks
from devstack.progress import Display
from include.errors import StackError
from include.settings import load_s3_settings, load_settings

MLFLOW_PORT = 5000


def psql(home: Home, environment: Mapping[str, str], sql: str | None) -> NoReturn:
    """Become psql as an analyst, or one that prints the CSV of `sql` and ends.

    Raises
    ------
    StackError
        When there is no stack.
    """
    if not home.exists:
        raise StackError(f"{home.root} holds no stack yet", remedy="run make nightly first")
    postgres = Postgres(home.root, int(home.values()[POSTGRES_PORT]), environment)
    if not postgres.running():
        postgres.start()
    program = str(postgres.program("psql"))
    url = urlsplit(postgres.url("nightshelf", "analyst"))
    # The password goes by the environment: a command line is everybody's to read.
    variables = {**environment, "PGPASSWORD": url.password or "", "PGAPPNAME": "nightshelf psql"}
    command = [program, "--no-psqlrc", "--dbname", f"postgresql://{url.username}@{url.hostname}:{url.port}{url.path}"]
    if sql is not None:
        command += ["--csv", "--quiet", "--set", "ON_ERROR_STOP=1", "--command", sql]
    os.execve(program, command, variables)


def mlflow(home: Home, environment: Mapping[str, str], display: Display) -> NoReturn:
    """Become MLflow's server on 127.0.0.1, until it is interrupted or `make down` ends it.

    Raises
    ------
    StackError
        When there are no models yet.
    """
    environment = home.environment(environment)
    settings = load_settings(environment)
    if not (home.root / "mlflow").is_dir():
        raise StackError(f"{home.root} holds no models yet", remedy="run make nightly first")
    port = MLFLOW_PORT if is_free(MLFLOW_PORT) else free_port()
    display.say(f"MLflow        http://{LOCALHOST}:{port}, until Ctrl-C")
    command = [
        sys.executable, "-m", "mlflow", "server", "--host", LOCALHOST, "--port", str(port), "--workers", "1",
        "--default-artifact-root", settings.artifact_uri,
    ]  # fmt: skip
    access = load_s3_settings(environment).environment() if settings.artifact_uri.startswith("s3://") else {}
    variables = {
        **environment,
        **access,
        "MLFLOW_BACKEND_STORE_URI": settings.tracking_uri,  # a database's may hold a password
        "MLFLOW_DISABLE_TELEMETRY": "true",
        **marks(home.root, "mlflow"),
    }
    os.chdir(home.root)
    os.execve(sys.executable, command, variables)
