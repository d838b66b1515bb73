"""Connections: errors in one line that says where, and never the password."""

import psycopg2
import pytest
from pydantic import SecretStr

from include.errors import ConfigurationError, DatabaseError
from include.serving.database import connect, describe
from tests.databases import Database


@pytest.mark.parametrize("url", ["", "   ", "http//nothing", "postgresql://a:b@[::1/x"])
def test_no_url_names_the_variable(url: str) -> None:
    with pytest.raises(ConfigurationError, match="NIGHTSHELF_DATABASE_URL"):
        describe(url)


def test_a_url_is_described_without_its_password() -> None:
    assert describe("postgresql://ada:secret@db.example:6543/shop") == "db.example:6543/shop as ada"


@pytest.mark.postgres
def test_a_wrong_password(postgres: Database) -> None:
    url = SecretStr(postgres.writer_url.replace("nightshelf:", "nightshelf:wrong"))
    with pytest.raises(DatabaseError, match='password authentication failed for user "nightshelf"'), connect(url, "t"):
        pass


@pytest.mark.postgres
def test_a_missing_schema_says_how_to_make_it(postgres: Database) -> None:
    with (
        pytest.raises(ConfigurationError, match=r"reco\.nothing.*python -m jobs\.migrate"),
        connect(postgres.writer_url, "t") as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT * FROM reco.nothing")


@pytest.mark.postgres
def test_a_connection_that_breaks_may_be_tried_again(postgres: Database) -> None:
    with (
        pytest.raises(DatabaseError, match=r"terminating connection|closed the connection") as caught,
        connect(postgres.writer_url, "t") as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert caught.value.exit_code == 1
    assert "\n" not in str(caught.value)


@pytest.mark.postgres
def test_a_lost_right_is_named(postgres: Database) -> None:
    with (
        pytest.raises(ConfigurationError, match="permission denied for table shelf"),
        connect(postgres.analyst_url, "t") as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT * FROM reco.shelf")


@pytest.mark.postgres
def test_the_connection_is_named_and_closed(postgres: Database) -> None:
    with connect(postgres.writer_url, "some job", role="reco_writer") as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT current_setting('application_name'), current_user::text, current_setting('timezone')")
        assert cursor.fetchall() == [("nightshelf some job", "reco_writer", "UTC")]
    with pytest.raises(psycopg2.InterfaceError):
        cursor.execute("SELECT 1")
