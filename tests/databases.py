"""A real PostgreSQL for tests: one server a session, a fresh database a test."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg2

from devstack.ports import free_port
from devstack.postgres import Postgres
from include.serving.migrate import migrate


class Database(NamedTuple):
    """A migrated database of the session's server, and the URLs under which it is reached."""

    server: Postgres
    name: str

    @property
    def writer_url(self) -> str:
        return self.server.url(self.name, "nightshelf")

    @property
    def analyst_url(self) -> str:
        return self.server.url(self.name, "analyst")

    def rows(self, query: str, values: Any = None, *, role: str = "nightshelf") -> list[tuple[Any, ...]]:
        """Return what `query` gives to `role`; its effects are committed."""
        connection = psycopg2.connect(self.server.url(self.name, role))
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(query, values)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()


@contextmanager
def running_server() -> Iterator[Database]:
    """Start a server in a folder of its own, migrate its database; end it by its process id and delete it."""
    home = Path(tempfile.mkdtemp(prefix="nightshelf-tests-"))
    home.chmod(0o755)  # the server's account must be able to reach it when the tests run as root
    server = Postgres(home, free_port())
    try:
        server.start()
        database = Database(server, "nightshelf")
        migrate(database.writer_url)
        yield database
    finally:
        server.remove()
        shutil.rmtree(home)


_numbers = itertools.count(1)


@contextmanager
def fresh_copy(template: Database) -> Iterator[Database]:
    """Return an empty migrated database, dropped afterwards with whatever is still connected to it."""
    copy = Database(template.server, f"copy_{next(_numbers)}")
    with closing(psycopg2.connect(copy.server.url("postgres", "postgres"))) as superuser:
        superuser.autocommit = True
        with superuser.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {copy.name} OWNER nightshelf TEMPLATE {template.name}")
            cursor.execute(f"REVOKE ALL ON DATABASE {copy.name} FROM PUBLIC")
            cursor.execute(f"GRANT CONNECT ON DATABASE {copy.name} TO reco_analyst")
            cursor.execute(f"GRANT TEMPORARY ON DATABASE {copy.name} TO reco_writer")
            yield copy
            cursor.execute(f"DROP DATABASE {copy.name} WITH (FORCE)")
