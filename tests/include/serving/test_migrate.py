"""Migrations: in order, once, all or nothing, and never changed afterwards."""

import threading
from pathlib import Path

import pytest

from include.errors import ConfigurationError, DatabaseError
from include.serving.migrate import MIGRATIONS, migrate, read_migrations
from tests.databases import Database

NAMES = [path.name for path in sorted(MIGRATIONS.glob("*.sql"))]
APPLIED = "SELECT version FROM reco.schema_version ORDER BY 1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / name).write_text((MIGRATIONS / name).read_text())
    return tmp_path


def empty(database: Database) -> str:
    database.rows("DROP SCHEMA reco CASCADE")
    return database.writer_url


def test_names_and_order() -> None:
    assert [migration.name for migration in read_migrations()] == NAMES
    assert NAMES[0].startswith("0001_")


@pytest.mark.parametrize("name", ["0099_gap.sql", "next.sql"])
def test_a_misnamed_file_is_refused_by_name(folder: Path, name: str) -> None:
    (folder / name).write_text("SELECT 1")
    with pytest.raises(ConfigurationError, match=name):
        read_migrations(folder)


@pytest.mark.postgres
def test_everything_is_applied_once(database: Database) -> None:
    url = empty(database)
    assert migrate(url) == NAMES
    assert migrate(url) == []
    assert database.rows(APPLIED) == [(n,) for n in range(1, len(NAMES) + 1)]


@pytest.mark.postgres
def test_what_is_made_belongs_to_the_group_and_not_to_the_login(postgres: Database) -> None:
    owners = postgres.rows(
        "SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relnamespace = 'reco'::regnamespace"
    )
    assert owners == [("reco_writer",)]


@pytest.mark.postgres
def test_a_new_file_alone_is_applied(database: Database, folder: Path) -> None:
    new = f"{len(NAMES) + 1:04d}_more.sql"
    (folder / new).write_text("CREATE TABLE reco.more (n integer)")
    assert migrate(database.writer_url, folder) == [new]


@pytest.mark.postgres
def test_a_changed_file_is_refused_by_name(database: Database, folder: Path) -> None:
    with (folder / NAMES[1]).open("a") as stream:
        stream.write("-- improved\n")
    with pytest.raises(ConfigurationError, match=NAMES[1]):
        migrate(database.writer_url, folder)


@pytest.mark.postgres
def test_a_failing_file_leaves_nothing_of_itself(database: Database, folder: Path) -> None:
    (folder / f"{len(NAMES) + 1:04d}_wrong.sql").write_text("CREATE TABLE reco.half (n integer); SELECT 1 / 0")
    with pytest.raises(DatabaseError, match="division by zero"):
        migrate(database.writer_url, folder)
    assert database.rows("SELECT to_regclass('reco.half')") == [(None,)]
    assert len(database.rows(APPLIED)) == len(NAMES)


@pytest.mark.postgres
def test_two_at_once_are_one_after_the_other(database: Database) -> None:
    url = empty(database)
    done: list[list[str]] = []
    threads = [threading.Thread(target=lambda: done.append(migrate(url))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [[], [], NAMES]


@pytest.mark.postgres
def test_a_login_outside_the_group_is_told_what_to_grant(database: Database) -> None:
    with pytest.raises(ConfigurationError, match=r"may not act as reco_writer.*GRANT reco_writer TO"):
        migrate(database.server.url("airflow", "airflow"))
