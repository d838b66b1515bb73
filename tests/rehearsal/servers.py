"""What stands for containers that are not ours: a real PostgreSQL, a real S3 server, and a receiver of metrics."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from devstack.ports import LOCALHOST
from devstack.postgres import Postgres
from devstack.roles import make_roles
from devstack.s3 import S3Server
from include.errors import StackError
from tests.rehearsal.compose import Service
from tests.rehearsal.container import answers

METRICS_PATH = "/api/v1/otlp/v1/metrics"


@dataclass
class PostgresServer:
    """PostgreSQL as its image sets it up in an empty volume: a superuser, then deploy/postgres/roles.sql."""

    service: Service
    server: Postgres
    log: Path
    name: str = "postgres"

    def start(self) -> None:
        """Start it and let the file make the logins and databases."""
        self.server.start()
        make_roles(self.server.program("psql"), self.server.url("postgres", "postgres"), self.service.environment)

    def ready(self) -> bool:
        """Tell whether its health check is content."""
        health = self.service.health
        return health is None or answers(health, _client(self.server))

    def check(self) -> None:
        """Make sure that it runs."""
        if not self.server.running():
            raise StackError("postgres does not run any more", remedy=f"read {self.server.log_file()}")


def _client(server: Postgres) -> dict[str, str]:
    """Return the variables by which PostgreSQL's programs reach the server as its superuser."""
    password = urlsplit(server.url("postgres", "postgres")).password or ""
    path = f"{server.program('psql').parent}:{os.environ['PATH']}"
    return {"PATH": path, "PGHOST": LOCALHOST, "PGPORT": str(server.port), "PGPASSWORD": password}


@dataclass
class S3Storage:
    """The development stack's S3 server, with the keys of `.env`."""

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


class Receiver:
    """Takes what Airflow sends to Prometheus and counts it; nothing is stored, no rule is looked at."""

    name = "prometheus"

    def __init__(self, service: Service, log: Path) -> None:
        self.service = replace(service, needs={})
        self.log = log
        self.received = 0
        self._server = ThreadingHTTPServer((LOCALHOST, 0), type("Bound", (_Handler,), {"receiver": self}))

    @property
    def port(self) -> int:
        """Return where it listens on 127.0.0.1."""
        return self._server.server_port

    def start(self) -> None:
        """Begin to answer."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def ready(self) -> bool:
        """Say that it does; it is a thread of this process."""
        return True

    def check(self) -> None:
        """Nothing of its own can end."""

    def stop(self) -> None:
        """Answer nobody any more."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    receiver: Receiver

    def do_POST(self) -> None:
        """Take one message, which no handler of a real Prometheus would refuse."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        known = self.path == METRICS_PATH
        self.receiver.received += known and len(body) > 0
        self.send_response(HTTPStatus.OK if known else HTTPStatus.NOT_FOUND)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
