"""The two servers that are not ours: a real PostgreSQL and a real S3 server stand for their containers."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from include.embedded.ports import LOCALHOST
from include.embedded.postgres import Postgres
from include.embedded.s3 import S3Server
from include.errors import StackError
from include.rehearsal.compose import Service
from include.rehearsal.container import answers
from include.settings import PROJECT

ROLES = PROJECT / "deploy" / "postgres" / "roles.sh"


@dataclass
class PostgresServer:
    """PostgreSQL as its image sets it up in an empty volume: a superuser, then deploy/postgres/roles.sh."""

    service: Service
    server: Postgres
    log: Path
    name: str = "postgres"

    def start(self) -> None:
        """Start it and let the script make the logins and databases."""
        self.server.start()
        make_roles(self.server, self.service.environment, self.log)

    def ready(self) -> bool:
        """Tell whether its health check is content."""
        health = self.service.health
        return health is None or answers(health, _client(self.server))

    def check(self) -> None:
        """Make sure that it runs."""
        if not self.server.running():
            raise StackError("postgres does not run any more", remedy=f"read {self.server.log_file()}")


def make_roles(server: Postgres, environment: Mapping[str, str], log: Path) -> None:
    """Do with a bare server what its image does when the volume is empty.

    Parameters
    ----------
    environment
        The container's, with the logins' passwords.

    Raises
    ------
    StackError
        When the script fails.
    """
    variables = {**environment, **_client(server), "POSTGRES_USER": "postgres", "POSTGRES_DB": "postgres"}
    with log.open("ab") as output:
        done = subprocess.run(["bash", ROLES], env=variables, stdout=output, stderr=subprocess.STDOUT)
    if done.returncode:
        raise StackError(f"{ROLES} has ended with code {done.returncode}", remedy=f"read {log}")


def _client(server: Postgres) -> dict[str, str]:
    """Return the variables by which PostgreSQL's programs reach the server as its superuser."""
    password = urlsplit(server.url("postgres", "postgres")).password or ""
    path = f"{server.program('psql').parent}:{os.environ['PATH']}"
    return {"PATH": path, "PGHOST": LOCALHOST, "PGPORT": str(server.port), "PGPASSWORD": password}


@dataclass
class S3Storage:
    """The embedded S3 server with the stack's keys."""

    service: Service
    server: S3Server
    log: Path
    name: str = "s3"

    def start(self) -> None:
        """Start it and make the bucket."""
        address = f"http://{LOCALHOST}:{self.server.port}"
        self.server.start({**os.environ, **self.service.environment, "AWS_ENDPOINT_URL": address})

    def ready(self) -> bool:
        """Tell whether it runs; SeaweedFS's own health check asks for a page that other servers lack."""
        return self.server.running()

    def check(self) -> None:
        """Make sure that it runs."""
        if not self.server.running():
            raise StackError("the S3 server does not run any more", remedy=f"read {self.log}")
