"""Roles and databases of the embedded server.

Logins: `nightshelf` (the jobs), `analyst` (people who read), `airflow` (its metadata). What the
first two may do hangs on the groups `reco_writer` and `reco_analyst`, which the migrations of
the schema grant to: on a server of one's own any login can join them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from include.errors import StackError

if TYPE_CHECKING:
    import psycopg2.extensions

SUPERUSER = "postgres"
LOGINS = ("nightshelf", "analyst", "airflow")
GROUPS = {"reco_writer": "nightshelf", "reco_analyst": "analyst"}
CONNECT_SECONDS = 20


def create_roles(url: str, passwords: Mapping[str, str]) -> None:
    """Make every role that is missing and set the logins' passwords, as the superuser of `url`."""
    from psycopg2 import sql

    with _superuser(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles")
        there = {name for (name,) in cursor.fetchall()}
        for role in (*LOGINS, *GROUPS):
            if role not in there:
                cursor.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
        for login in LOGINS:
            statement = sql.SQL("ALTER ROLE {} LOGIN PASSWORD %(password)s").format(sql.Identifier(login))
            cursor.execute(statement, {"password": passwords[login]})
        for group, member in GROUPS.items():
            cursor.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(group), sql.Identifier(member)))
        cursor.execute("ALTER ROLE analyst SET search_path = reco")
        cursor.execute("ALTER ROLE analyst SET default_transaction_read_only = on")
        cursor.execute("REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC")


def create_database(url: str, name: str, owner: str, *, template: str) -> None:
    """Make a database unless it is there; nobody but its owner and the analysts may connect.

    The analysts may connect to what belongs to `nightshelf` only.
    """
    from psycopg2 import sql

    database = {"name": sql.Identifier(name), "owner": sql.Identifier(owner), "template": sql.Identifier(template)}
    with _superuser(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %(name)s", {"name": name})
        if cursor.fetchone() is None:
            cursor.execute(sql.SQL("CREATE DATABASE {name} OWNER {owner} TEMPLATE {template}").format(**database))
        cursor.execute(sql.SQL("REVOKE ALL ON DATABASE {name} FROM PUBLIC").format(**database))
        if owner == GROUPS["reco_writer"]:
            cursor.execute(sql.SQL("GRANT CONNECT ON DATABASE {name} TO reco_analyst").format(**database))
            cursor.execute(sql.SQL("GRANT TEMPORARY ON DATABASE {name} TO reco_writer").format(**database))


@contextmanager
def _superuser(url: str) -> Iterator[psycopg2.extensions.connection]:
    """Connect with each statement its own transaction, waiting for a server that is still recovering."""
    import psycopg2

    deadline = time.monotonic() + CONNECT_SECONDS
    while True:
        try:
            connection = psycopg2.connect(url, connect_timeout=5)
            break
        except psycopg2.OperationalError as error:
            if "starting up" not in str(error) or time.monotonic() > deadline:
                line = str(error).strip().splitlines()[-1]
                raise StackError(f"PostgreSQL does not let us in: {line}", remedy="read its log") from error
            time.sleep(0.2)
    connection.autocommit = True
    with closing(connection):
        yield connection
