"""The read API: kept running beside Airflow by `nightshelf up`, or served alone until Ctrl-C."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import NoReturn

from devstack.home import Home
from devstack.ports import LOCALHOST, require_free
from devstack.postgres import POSTGRES_PORT, Postgres
from devstack.processes import marks
from devstack.progress import Display
from include.errors import StackError

API_PORT = "NIGHTSHELF_API_PORT"
FAVOURITE = 8000
NAME = "api"


def command(port: str) -> list[str]:
    """Return the command that serves the API on a port of this machine."""
    served = ["--factory", "include.api.app:create_app", "--host", LOCALHOST, "--port", port]
    return [sys.executable, "-m", "uvicorn", *served, "--no-access-log", "--no-proxy-headers", "--no-server-header"]


def serve(home: Home, environment: Mapping[str, str], display: Display) -> NoReturn:
    """Become the read API on 127.0.0.1, until it is interrupted or `make down` ends it.

    Raises
    ------
    StackError
        When there is no stack, or the port is busy.
    """
    if not home.exists:
        raise StackError(f"{home.root} holds no stack yet", remedy="run make nightly first")
    port = environment.get(API_PORT) or home.values().get(API_PORT, str(FAVOURITE))
    require_free(int(port), "the read API", variable=API_PORT)
    postgres = Postgres(home.root, int(home.values()[POSTGRES_PORT]), environment)
    if not postgres.running():
        postgres.start()
    display.say(f"API           {address(port)}, until Ctrl-C")
    os.execve(sys.executable, command(port), {**home.environment(environment), **marks(home.root, NAME)})


def address(port: str) -> str:
    """Return where people try the API."""
    return f"http://{LOCALHOST}:{port}/docs"
