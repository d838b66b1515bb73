"""Roles and databases of a PostgreSQL server, made by deploy/postgres/roles.sql."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from include.errors import StackError
from include.settings import PROJECT

SUPERUSER = "postgres"
LOGINS = ("nightshelf", "analyst", "airflow")
ROLES = PROJECT / "deploy" / "postgres" / "roles.sql"
CONNECT_SECONDS = 20


def password_variables(passwords: Mapping[str, str]) -> dict[str, str]:
    """Return the variables in which roles.sql looks for the passwords of `LOGINS`."""
    return {f"{login.upper()}_DB_PASSWORD": passwords[login] for login in LOGINS}


def make_roles(psql: Path, url: str, passwords: Mapping[str, str]) -> None:
    """Make what is missing of the roles and databases, and set the logins' passwords.

    Parameters
    ----------
    url
        The superuser's.
    passwords
        By the variable that roles.sql reads; they reach psql by the environment, its own too.

    Raises
    ------
    StackError
        When PostgreSQL refuses, or is still recovering after `CONNECT_SECONDS`.
    """
    place = urlsplit(url)
    variables = {**passwords, "PGPASSWORD": place.password or "", "PGCONNECT_TIMEOUT": "5", "LC_ALL": "C"}
    address = ["--host", place.hostname or "", "--port", str(place.port), "--username", place.username or ""]
    command = [str(psql), "--no-psqlrc", "--quiet", *address, "--dbname", place.path[1:], "--file", str(ROLES)]
    deadline = time.monotonic() + CONNECT_SECONDS
    while True:
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        if "starting up" not in done.stderr or time.monotonic() > deadline:
            line = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
            raise StackError(f"psql cannot make PostgreSQL's roles: {line[0]}", remedy=f"read its log and {ROLES}")
        time.sleep(0.2)
