"""A server of our own: started, stopped, killed, and started again."""

import importlib.util
import os
import shutil
import signal
import socket
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from devstack.ports import free_port
from devstack.postgres import Postgres, _server_error
from devstack.programs import WHEEL
from include.errors import StackError

pytestmark = pytest.mark.postgres

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user runs the server itself")


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that the server's account can reach, unlike pytest's own when root runs the tests."""
    folder = Path(tempfile.mkdtemp(prefix="nightshelf-tests-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def server(home: Path) -> Iterator[Postgres]:
    server = Postgres(home, free_port())
    yield server
    server.remove()


def answer(
    server: Postgres, query: str = "SELECT 42", *, database: str = "nightshelf", role: str = "nightshelf"
) -> object:
    connection = psycopg2.connect(server.url(database, role))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(query)
            return (cursor.fetchone() or (None,))[0]
    finally:
        connection.close()


def kill(server: Postgres) -> None:
    pid = server.pid()
    assert pid
    os.kill(pid, signal.SIGKILL)
    while server.running():
        time.sleep(0.02)


def test_its_life(server: Postgres) -> None:
    assert not server.running()
    server.stop()
    server.start()
    pid = server.pid()
    server.start()
    assert server.pid() == pid, "starting what runs changes nothing"
    assert answer(server) == 42
    server.stop()
    server.stop()
    assert not server.running()
    with pytest.raises(psycopg2.OperationalError):
        answer(server)
    server.start()
    assert answer(server) == 42


def test_killed_it_comes_back_with_what_was_committed(server: Postgres) -> None:
    server.start()
    answer(server, "CREATE TABLE kept AS SELECT 7 AS n; SELECT 1")
    kill(server)
    server.start()
    assert answer(server, "SELECT n FROM kept") == 7


def test_a_pid_file_whose_number_belongs_to_somebody_else_now(server: Postgres) -> None:
    """After a reboot the number may be anybody's: that process must neither count nor be stopped."""
    server.start()
    server.stop()
    stale = server._data() / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{server._data()}\n0\n{server.port}\n\n127.0.0.1\n\nready\n")
    assert not server.running()
    server.stop()
    server.start()
    assert answer(server) == 42


def test_another_port_moves_the_running_server(home: Path, server: Postgres) -> None:
    server.start()
    moved = Postgres(home, free_port())
    moved.start()
    assert answer(moved) == 42
    with pytest.raises(psycopg2.OperationalError):
        answer(server)


def test_a_busy_port_is_named(home: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StackError, match=rf"port {port} .* wanted by PostgreSQL, is taken by .*pid {os.getpid()}"):
            Postgres(home, port).start()


def test_it_listens_on_this_machine_only_and_asks_for_passwords(server: Postgres) -> None:
    server.start()
    assert answer(server, "SHOW listen_addresses") == "127.0.0.1"
    sockets = answer(server, "SHOW unix_socket_directories", database="postgres", role="postgres")
    assert sockets == ""
    assert answer(server, "SHOW data_checksums") == "on"
    assert answer(server, "SELECT datcollate FROM pg_database LIMIT 1") == "C"
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(f"postgresql://nightshelf:guess@127.0.0.1:{server.port}/nightshelf")
    hba = answer(
        server,
        "SELECT string_agg(DISTINCT type || ' ' || auth_method, ',') FROM pg_hba_file_rules",
        database="postgres",
        role="postgres",
    )
    assert hba == "host scram-sha-256,local reject"


def test_passwords_are_kept_for_their_owner_only(home: Path, server: Postgres) -> None:
    server.start()
    url = server.url("nightshelf", "analyst")
    mode = (home / "postgres" / "passwords.json").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert Postgres(home, server.port).url("nightshelf", "analyst") == url


def test_lost_passwords_are_named(home: Path, server: Postgres) -> None:
    server.start()
    passwords = home / "postgres" / "passwords.json"
    passwords.rename(home / "kept")
    with pytest.raises(StackError, match=r"passwords\.json is gone.*make clean"):
        server.url()
    for damaged in ("", "null", "[]"):
        passwords.write_text(damaged)
        with pytest.raises(StackError, match=r"passwords\.json is damaged.*make clean"):
            server.url()
    (home / "kept").rename(passwords)


def test_each_login_has_its_own_database(server: Postgres) -> None:
    server.start()
    assert answer(server, "SELECT current_database()::text", database="airflow", role="airflow") == "airflow"
    for role, database in (("analyst", "airflow"), ("analyst", "postgres"), ("airflow", "nightshelf")):
        with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
            answer(server, role=role, database=database)


def test_an_interrupted_initdb_is_begun_anew(server: Postgres) -> None:
    unfinished = server._choose_root() / "data.new"
    unfinished.mkdir()
    (unfinished / "half").write_text("x")
    server.start()
    assert answer(server) == 42
    assert not unfinished.exists()


@as_root
def test_a_home_that_the_servers_account_cannot_reach(tmp_path: Path) -> None:
    """The data goes elsewhere, and where is remembered."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = Postgres(closed / "home", free_port())
    try:
        server.start()
        assert answer(server) == 42
        elsewhere = Postgres(closed / "home", server.port)
        assert elsewhere.running()
        assert elsewhere._data().parent.parent == Path("/var/lib")
        assert stat.S_IMODE(elsewhere._data().parent.stat().st_mode) == 0o700
    finally:
        server.remove()
    assert not server._data().parent.exists()
    assert list((closed / "home").iterdir()) == []


@as_root
def test_programs_that_the_servers_account_cannot_read_are_copied(tmp_path: Path, home: Path) -> None:
    spec = importlib.util.find_spec(WHEEL)
    assert spec
    assert spec.submodule_search_locations
    package = Path(spec.submodule_search_locations[0])
    wheel = max(package.glob("pginstall*/bin"))
    closed = tmp_path / "closed" / package.name
    shutil.copytree(wheel.parent, closed / wheel.parent.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(libraries, closed.with_name(libraries.name), symlinks=True)
    closed.parent.chmod(0o700)
    server = Postgres(home, free_port(), {"PG_BIN": str(closed / wheel.parent.name / "bin")})
    try:
        server.start()
        assert answer(server) == 42
        assert server.program("psql").is_relative_to(home)
    finally:
        server.remove()


@pytest.mark.parametrize(("said", "line"), [
    ("LOG: x\nFATAL:  could not write: No space left on device\n", "the disk that holds /data is full"),
    ("waiting\n2026 [1] FATAL:  could not bind\nLOG: y\n", "FATAL:  could not bind"),
    ("initdb: error: directory exists\nhint\n", "initdb: error: directory exists"),
    ("", "it said nothing"),
])  # fmt: skip
def test_what_the_programs_said_becomes_one_line(said: str, line: str) -> None:
    error = str(_server_error("cannot start", said, Path("/data")))
    assert line in error
    assert "\n" not in error
