"""A secret that stands where it must not is found; one where it belongs is not."""

from __future__ import annotations

import gzip
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.databases import Database
from tests.leaks import CommandLines, in_database, in_files, secrets_in, secrets_of
from tests.waiting import eventually

PLANTED = {"THE_KEY": "n0t-for-y0ur-eyes"}
VALUE = PLANTED["THE_KEY"]


def test_what_is_secret_of_the_values() -> None:
    assert secrets_in({
        "NIGHTSHELF_DATABASE_URL": "postgresql://nightshelf:pa55@127.0.0.1:5439/nightshelf",
        "NIGHTSHELF_SLACK_WEBHOOK": "https://hooks.slack.com/services/T0/B0/t0ken",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:7070",
        "NIGHTSHELF_FERNET_KEY": "a/b=",
        "LAKE_URI": "s3://bucket/lake",
        "NIGHTSHELF_SMTP_URL": "",
    }) == {
        "NIGHTSHELF_DATABASE_URL": "pa55",
        "NIGHTSHELF_SLACK_WEBHOOK": "t0ken",
        "NIGHTSHELF_FERNET_KEY": "a/b=",
    }  # fmt: skip


def test_the_secrets_of_a_home(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "stack.env").write_text("# passwords\nNIGHTSHELF_JWT_SECRET=j=w=t\nNIGHTSHELF_AIRFLOW_PORT=8080\n")
    (tmp_path / "postgres" / "passwords.json").write_text(json.dumps({"airflow": "pa55"}))
    assert secrets_of(tmp_path, {"AWS_SECRET_ACCESS_KEY": "k"}) == {
        "AWS_SECRET_ACCESS_KEY": "k",
        "NIGHTSHELF_JWT_SECRET": "j=w=t",
        "PostgreSQL's password of airflow": "pa55",
    }


def test_files_are_searched_also_packed_and_as_databases(tmp_path: Path) -> None:
    for name in ("stack.env", "logs/tasks/a.log", "lake/b.json.gz", "clean.log"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("nothing" if name == "clean.log" else f"key {VALUE}!")
    (tmp_path / "lake/b.json.gz").write_bytes(gzip.compress(f'{{"key": "{VALUE}"}}'.encode()))
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as connection, connection:
        connection.execute("CREATE TABLE tags (value TEXT)")
        connection.execute("INSERT INTO tags VALUES (?)", ("long" * 5000 + VALUE,))  # over several pages
    assert in_files(tmp_path, PLANTED) == [
        "THE_KEY in lake/b.json.gz", "THE_KEY in logs/tasks/a.log", "THE_KEY in mlflow.db",
    ]  # fmt: skip
    assert in_files(tmp_path, {"OTHER": "never-written"}) == []


@pytest.mark.postgres
def test_tables_are_searched_in_any_type_of_column(database: Database) -> None:
    url = database.server.url(database.name, "postgres")
    assert in_database(url, PLANTED) == []
    database.rows("CREATE TABLE reco.told (id integer, details jsonb, content bytea)")
    database.rows("INSERT INTO reco.told VALUES (1, %s, '')", (json.dumps({"a": [f"x{VALUE}"]}),))
    database.rows("CREATE TABLE reco.packed (content bytea)")
    database.rows("INSERT INTO reco.packed VALUES (%s)", (VALUE.encode(),))
    assert in_database(url, PLANTED) == ["THE_KEY in table reco.packed", "THE_KEY in table reco.told"]


def test_command_lines_are_watched() -> None:
    with CommandLines() as seen:
        process = subprocess.Popen([sys.executable, "-c", "input()", VALUE], stdin=subprocess.PIPE)
        try:
            assert eventually(lambda: bool(seen.with_secrets(PLANTED)), seconds=30)
        finally:
            process.communicate(b"\n")
    assert seen.with_secrets(PLANTED) == [f"THE_KEY in the command line of {sys.executable}"]
    assert seen.with_secrets({"OTHER": "never-written"}) == []
