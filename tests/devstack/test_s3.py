"""The S3 server of a home: real, with what it stores on disk."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack import s3 as module
from devstack.home import S3_PORT, Home
from devstack.ports import free_port
from devstack.processes import marked, read_pid
from devstack.s3 import BUCKET, S3Server, s3_values
from include.errors import StackError
from include.lake import Lake, open_lake
from include.settings import load_s3_settings, load_settings
from tests.waiting import eventually


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.make()
    port = free_port()
    home.remember({S3_PORT: str(port), **s3_values(port, {})})
    return home


@pytest.fixture
def server(home: Home) -> Iterator[S3Server]:
    server = S3Server(home, int(home.values()[S3_PORT]))
    yield server
    server.stop()
    assert marked(home.root) == []


def lake_of(home: Home) -> Lake:
    environment = home.environment(os.environ)
    return open_lake(load_settings(environment).lake_uri, load_s3_settings(environment))


def test_what_is_stored_outlives_the_server(home: Home, server: S3Server) -> None:
    environment = home.environment(os.environ)
    server.start(environment)
    server.start(environment)
    assert server.running()
    lake = lake_of(home)
    lake.write_bytes("a/b", b"kept")
    assert server.stop() == 2
    assert not server.running()
    server.start(environment)
    assert lake.read_bytes("a/b") == b"kept"
    assert not lake.write_if_unchanged("a/b", b"other", None)
    assert lake.uri == f"s3://{BUCKET}/lake"


def test_a_killed_server_comes_back_with_what_it_stored(home: Home, server: S3Server) -> None:
    server.start(home.environment(os.environ))
    lake = lake_of(home)
    lake.write_bytes("a/b", b"kept")
    process = read_pid(home.run / f"{module.NAME}.pid", home.root)
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    assert eventually(lambda: read_pid(home.run / f"{module.NAME}.pid", home.root) not in (None, process), seconds=20)
    assert lake.read_bytes("a/b") == b"kept"


def test_keys_are_made_once_and_the_port_may_change() -> None:
    first = s3_values(1, {})
    assert first != s3_values(1, {})
    again = s3_values(2, first)
    assert {name for name in first if first[name] != again[name]} == {"AWS_ENDPOINT_URL"}


def test_a_busy_port_is_named_with_its_setting(home: Home, server: S3Server) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", server.port))
        other.listen()
        with pytest.raises(StackError, match=rf"port {server.port} .* wanted by the S3 server.* {S3_PORT}"):
            server.start(os.environ)


def test_what_is_not_installed_is_said_with_the_command(
    home: Home, server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PROGRAM", home.root / "none")
    with pytest.raises(StackError, match=r"not installed.* Remedy: run make s3"):
        server.start(os.environ)


def test_a_folder_in_the_way_is_named(home: Home, server: S3Server) -> None:
    (home.root / "s3").write_text("in the way")
    with pytest.raises(StackError, match=f"{home.root / 's3' / 'objects'} cannot be made: Not a directory"):
        server.start(os.environ)


def test_a_server_that_ends_at_once_is_said_with_its_log(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    program = home.root / "program"
    program.write_text("#!/bin/sh\necho no disk >&2; exit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(module, "PROGRAM", program)
    monkeypatch.setattr(module, "START_SECONDS", 2)
    server = S3Server(home, int(home.values()[S3_PORT]))
    try:
        with pytest.raises(StackError, match=f"does not answer. Remedy: read {home.logs / 's3.log'}"):
            server.start(os.environ)
        log = home.logs / "s3.log"
        assert eventually(lambda: log.is_file() and "no disk" in log.read_text(), seconds=15)
    finally:
        server.stop()
