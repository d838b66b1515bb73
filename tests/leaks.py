"""Looks for the secrets of a home where nobody may find them: files, databases, command lines of processes.

What is found is named by the secret's name, never by its value, so that no test report repeats it.
"""

from __future__ import annotations

import gzip
import json
import re
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
from psycopg2 import sql

SECRET_NAMES = re.compile(r"PASSWORD|SECRET|KEY|TOKEN|WEBHOOK|_URL$")
# Where a home keeps its secrets, each readable for its owner only. The cluster's own files are looked at as tables.
KEPT_IN = ("stack.env", "postgres/passwords.json", "airflow/passwords.json", "postgres/cluster/data")
TABLES = """
SELECT table_schema, table_name FROM information_schema.tables
WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')
"""
SQLITE = b"SQLite format 3\0"
EVERY_SECONDS = 0.1


def secrets_in(values: Mapping[str, str]) -> dict[str, str]:
    """Return what is secret of a set of variables: of a URL its password or its last part, else the whole value."""
    found = {name: _secret_part(name, value) for name, value in values.items() if SECRET_NAMES.search(name)}
    return {name: part for name, part in found.items() if part}


def _secret_part(name: str, value: str) -> str:
    parts = urlsplit(value)
    if not parts.scheme or "/" not in value:
        return value
    return parts.password or (parts.path.rpartition("/")[2] if "WEBHOOK" in name else "")


def secrets_of(root: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the secrets of a development stack's home, and those that its shell gave it."""
    lines = (root / "stack.env").read_text().splitlines()
    stack = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    passwords = json.loads((root / "postgres" / "passwords.json").read_text())
    return {
        **secrets_in(environment),
        **secrets_in(stack),
        **{f"PostgreSQL's password of {login}": password for login, password in passwords.items()},
    }


def seen_in(text: bytes, secrets: Mapping[str, str]) -> set[str]:
    """Return the names of the secrets that stand in a text, as they are or in hexadecimal."""
    return {name for name, value in secrets.items() if value.encode() in text or value.encode().hex().encode() in text}


def in_files(root: Path, secrets: Mapping[str, str], kept_in: Collection[str] = KEPT_IN) -> list[str]:
    """Search every file below `root`; what is packed by gzip is unpacked, SQLite databases are read as SQL."""
    allowed = [root / name for name in kept_in]
    found = []
    for path in sorted(root.rglob("*")):
        if path.is_file() and not any(path == keeper or keeper in path.parents for keeper in allowed):
            names = {name for text in _texts(path) for name in seen_in(text, secrets)}
            found += [f"{name} in {path.relative_to(root)}" for name in sorted(names)]
    return found


def _texts(path: Path) -> Iterator[bytes]:
    content = path.read_bytes()
    yield content
    if path.suffix == ".gz":
        yield gzip.decompress(content)
    elif content.startswith(SQLITE):
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            yield "\n".join(connection.iterdump()).encode()


def in_database(url: str, secrets: Mapping[str, str]) -> list[str]:
    """Search every row of every table that the login of `url` may read."""
    found = []
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(TABLES)
        for schema, table in sorted(cursor.fetchall()):
            query = sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(schema, table))
            cursor.execute(query)
            names = {name for (row,) in cursor for name in seen_in(row.encode(), secrets)}
            found += [f"{name} in table {schema}.{table}" for name in sorted(names)]
    return found


class CommandLines:
    """Remembers the command line of every process that it sees while it is entered, ten times a second."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()
        self._done = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> CommandLines:
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watcher.join()

    def __len__(self) -> int:
        return len(self._seen)

    def with_secrets(self, secrets: Mapping[str, str]) -> list[str]:
        """Return which secrets stood in the command line of which program."""
        return sorted({
            f"{name} in the command line of {line.split(bytes(1))[0].decode(errors='replace')}"
            for line in list(self._seen)
            for name in seen_in(line, secrets)
        })  # fmt: skip

    def _watch(self) -> None:
        while not self._done.wait(EVERY_SECONDS):
            self._seen |= set(_command_lines(Path("/proc").glob("[0-9]*/cmdline")))


def _command_lines(paths: Iterable[Path]) -> Iterator[bytes]:
    for path in paths:
        try:
            yield path.read_bytes()
        except OSError:
            continue  # it ended in the meantime
