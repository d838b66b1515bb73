"""Connections to PostgreSQL, and its errors as one clear line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, TypeAlias

import psycopg2
import psycopg2.extensions
from psycopg2 import errorcodes
from psycopg2.extensions import make_dsn, parse_dsn

from include.errors import ConfigurationError, DatabaseError, NightshelfError

if TYPE_CHECKING:
    from pydantic import SecretStr

Connection: TypeAlias = psycopg2.extensions.connection

WRITER = "reco_writer"
CONNECT_SECONDS = 10
# A session whose client was killed lets go of its locks soon, whatever it is waiting for
OPTIONS = "-c timezone=UTC -c client_connection_check_interval=2s"
NO_SCHEMA = (
    errorcodes.UNDEFINED_TABLE,
    errorcodes.UNDEFINED_COLUMN,
    errorcodes.UNDEFINED_FUNCTION,
    errorcodes.INVALID_SCHEMA_NAME,
)


@contextmanager
def connect(url: SecretStr | str, application: str, *, role: str | None = None) -> Iterator[Connection]:
    """Connect for the length of a `with`; nothing is committed unless the caller does.

    Parameters
    ----------
    url
        `postgresql://user:password@host:port/database`.
    application
        Shown in pg_stat_activity, so that people see who holds what.
    role
        The group to act as: what is made belongs to it, whichever login makes it.

    Raises
    ------
    ConfigurationError
        When the URL is none, or the schema is not there or too old.
    DatabaseError
        When the server cannot be reached, refuses, or fails in the middle; another try may help.
    """
    text = url if isinstance(url, str) else url.get_secret_value()
    where = describe(text)
    try:
        opened = psycopg2.connect(
            text, application_name=f"nightshelf {application}", connect_timeout=CONNECT_SECONDS,
            options=OPTIONS + (f" -c role={role}" if role else ""),
        )  # fmt: skip
    except psycopg2.OperationalError as error:
        raise DatabaseError(
            f"PostgreSQL at {where} cannot be used: {_last_line(error)}",
            remedy="see that it runs (`make status`, `make up`) and that the URL is right",
        ) from error
    with closing(opened):
        try:
            yield opened
        except psycopg2.Error as error:
            raise _named(error, where) from error


def describe(url: str) -> str:
    """Return `host:port/database as user` of a URL: everything but the password.

    Raises
    ------
    ConfigurationError
        When there is no URL, or it cannot be read.
    """
    try:
        parts = parse_dsn(make_dsn(url))
    except psycopg2.ProgrammingError:
        parts = {}
    if not parts:
        raise ConfigurationError(
            "NIGHTSHELF_DATABASE_URL or NIGHTSHELF_ANALYST_URL is missing or is no postgresql:// URL",
            remedy="set it, or start the development stack with `make up`, which writes it",
        )
    host, port = parts.get("host", "localhost"), parts.get("port", "5432")
    return f"{host}:{port}/{parts.get('dbname', '')} as {parts.get('user', '')}"


def _named(error: psycopg2.Error, where: str) -> NightshelfError:
    code = error.pgcode or ""
    line = next(iter(str(error).strip().splitlines()), "")
    if code in NO_SCHEMA:
        return ConfigurationError(
            f"the schema reco at {where} is missing or older than this code: {line}",
            remedy="run python -m jobs.migrate",
        )
    if code == errorcodes.DISK_FULL:
        return DatabaseError(f"PostgreSQL at {where} has no disk left: {line}", remedy="free space on its disk")
    if code == errorcodes.INSUFFICIENT_PRIVILEGE:
        return ConfigurationError(f"PostgreSQL at {where} refuses: {line}", remedy="grant that role what it needs")
    return DatabaseError(f"PostgreSQL at {where} failed: {line or type(error).__name__}", remedy="read its log")


def _last_line(error: psycopg2.Error) -> str:
    """Return what libpq says last: the reason, after the addresses that it tried."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    wrong = [line for line in lines if "FATAL" in line or "failed:" in line]
    return (wrong or lines or ["no reason given"])[-1]
