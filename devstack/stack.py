"""The servers of one home, started and stopped together: PostgreSQL, Airflow, the read API, and S3 if asked for."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from devstack import api
from devstack.airflow import PORT as AIRFLOW_PORT
from devstack.airflow import Airflow, airflow_environment, new_secrets, supervised
from devstack.home import S3_PORT, Home
from devstack.java import find_java
from devstack.ports import choose_port
from devstack.postgres import POSTGRES_PORT, Postgres
from devstack.processes import end_marked
from devstack.s3 import S3Server, s3_values
from include.errors import StackError

FAVOURITES = {POSTGRES_PORT: 5439, AIRFLOW_PORT: 8080, api.API_PORT: api.FAVOURITE, S3_PORT: 8333}


@dataclass(frozen=True)
class Stack:
    """Everything that runs in one home; see `open_stack`."""

    home: Home
    values: Mapping[str, str]
    postgres: Postgres
    airflow: Airflow
    s3: S3Server | None = None

    def start_storage(self) -> None:
        """Start the S3 server where the home has one."""
        if self.s3 is not None:
            self.s3.start(self.airflow.environment)

    def start_postgres(self) -> None:
        """Start the database, and remember how jobs and analysts reach it."""
        self.postgres.start()
        urls = {
            "NIGHTSHELF_DATABASE_URL": self.postgres.url("nightshelf", "nightshelf"),
            "NIGHTSHELF_ANALYST_URL": self.postgres.url("nightshelf", "analyst"),
        }
        if any(self.home.values().get(name) != url for name, url in urls.items()):
            self.home.remember(urls)

    def start(self) -> None:
        """Start whatever does not run. Airflow needs `wait_until_ready` before it can be used."""
        self.start_storage()
        self.start_postgres()
        self.airflow.start()

    def stop(self) -> int:
        """Stop everything, jobs included; return how many processes there were."""
        return stop_stack(self.home)


def open_stack(root: Path, environment: Mapping[str, str], *, with_s3: bool = False) -> Stack:
    """Return the stack of a home, choosing its ports and secrets when it is new.

    Parameters
    ----------
    root
        NIGHTSHELF_HOME.
    environment
        A port that it names wins over the remembered one and is remembered.
    with_s3
        Give the home an S3 server; one that has one keeps it.

    Raises
    ------
    StackError
        When there is no Java, the folder cannot be written, or a port is no number.
    """
    home = Home(root)
    java_home = find_java(environment)
    home.make()
    known = home.values()
    missing = {name: value for name, value in new_secrets().items() if name not in known}
    ports = [POSTGRES_PORT, AIRFLOW_PORT, api.API_PORT, *([S3_PORT] if with_s3 or S3_PORT in known else [])]
    chosen = {name: str(_port(name, known, environment)) for name in ports}
    s3 = S3Server(home, int(chosen[S3_PORT])) if S3_PORT in chosen else None
    values = home.remember({**missing, **chosen, **(s3_values(s3.port, known) if s3 else {})})
    postgres = Postgres(root, int(values[POSTGRES_PORT]), environment)
    variables = airflow_environment(home, values, postgres.url("airflow", "airflow"), java_home, environment)
    return Stack(home, values, postgres, Airflow(home, values, variables), s3)


def stop_stack(home: Home) -> int:
    """Stop everything that runs in a home, by any account; return how many processes there were."""
    if not home.exists:
        return 0
    count = supervised(home).stop() + end_marked(home.root)
    postgres = Postgres(home.root, int(home.values().get(POSTGRES_PORT, "0")))
    if postgres.running():
        postgres.stop()
        count += 1
    return count


def delete_stack(home: Home, tell: Callable[[str], None]) -> None:
    """Stop everything and delete the home.

    Raises
    ------
    StackError
        When the folder is not one that the stack made.
    """
    if not home.root.exists():
        tell(f"{home.root} is not there")
        return
    if not home.exists:
        raise StackError(
            f"{home.root} holds no stack of ours and is left alone", remedy="delete it by hand if you mean it"
        )
    stop_stack(home)
    Postgres(home.root, 0).remove()
    shutil.rmtree(home.root)
    tell(f"{home.root} is deleted")


def _port(name: str, known: Mapping[str, str], environment: Mapping[str, str]) -> int:
    given = environment.get(name) or known.get(name)
    if given is not None:
        if not given.isdigit() or not 0 < int(given) < 1 << 16:
            raise StackError(f"{name}={given} is no port", remedy=f"set {name} to a number from 1024 to 65535")
        return int(given)
    return choose_port(FAVOURITES[name])
