"""What PostgreSQL's container does with an empty volume, done to a real server."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest

from devstack.ports import free_port
from devstack.postgres import Postgres
from devstack.roles import make_roles
from include.serving.migrate import migrate
from tests.deployment.stack import SERVICES

pytestmark = pytest.mark.postgres

PASSWORDS = {name: name.lower() for name in SERVICES["postgres"]["environment"] if name.endswith("_DB_PASSWORD")}
LOGINS = ("nightshelf", "analyst", "monitor", "airflow", "mlflow")


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    home = Path(tempfile.mkdtemp(prefix="nightshelf-tests-"))
    home.chmod(0o755)
    server = Postgres(home, free_port(), bare=True)
    try:
        server.start()
        for _ in range(2):  # again, and nothing changes
            make_roles(server.program("psql"), server.url("postgres", "postgres"), PASSWORDS)
        yield server
    finally:
        server.remove()
        shutil.rmtree(home)


def url(server: Postgres, login: str, database: str) -> str:
    port = urlsplit(server.url("postgres", "postgres")).port
    return f"postgresql://{login}:{login}_db_password@127.0.0.1:{port}/{database}"


def may_enter(server: Postgres, login: str, database: str) -> bool:
    try:
        psycopg2.connect(url(server, login, database)).close()
    except psycopg2.OperationalError as error:
        assert re.search("permission denied", str(error)), error
        return False
    return True


def test_each_login_enters_its_own_database_only(server: Postgres) -> None:
    entered = {
        (login, database)
        for login in LOGINS
        for database in ("nightshelf", "airflow", "mlflow", "postgres")
        if may_enter(server, login, database)
    }
    own = {("nightshelf", "nightshelf"), ("airflow", "airflow"), ("mlflow", "mlflow")}
    assert entered == {*own, ("analyst", "nightshelf"), ("monitor", "nightshelf"), ("monitor", "airflow")}


def test_the_jobs_migrate_and_analysts_read_but_never_write(server: Postgres) -> None:
    assert migrate(url(server, "nightshelf", "nightshelf"))
    with psycopg2.connect(url(server, "analyst", "nightshelf")) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM recommendations")
        assert cursor.fetchone() == (0,)
        with pytest.raises(psycopg2.Error):
            cursor.execute("CREATE TABLE mine (n integer)")
    connection.close()
