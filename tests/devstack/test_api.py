"""The read API in a home: on the home's own port, beside Airflow or alone."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from devstack import api
from devstack.airflow import supervised
from devstack.home import Home
from devstack.ports import free_port
from devstack.postgres import POSTGRES_PORT, Postgres
from devstack.progress import Display
from include.errors import StackError


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    home.make()
    home.remember({POSTGRES_PORT: str(free_port()), api.API_PORT: str(free_port())})
    return home


def test_it_is_kept_running_on_the_port_of_the_home(home: Home) -> None:
    command = supervised(home).commands["api"]
    assert command[1:5] == ["-m", "uvicorn", "--factory", "include.api.app:create_app"]
    assert command[command.index("--port") + 1] == home.values()[api.API_PORT]
    assert command[command.index("--host") + 1] == "127.0.0.1"


def test_alone_it_becomes_the_same_server(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    became: list[Any] = []
    monkeypatch.setattr(os, "execve", lambda *call: became.append(call))
    monkeypatch.setattr(Postgres, "running", lambda _: True)
    port = str(free_port())
    api.serve(home, {"PATH": "/bin", api.API_PORT: port}, Display())
    ((_, command, environment),) = became
    assert command == api.command(port)
    assert environment["NIGHTSHELF_HOME"] == str(home.root)


def test_a_busy_port_is_named_with_its_setting(home: Home) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", int(home.values()[api.API_PORT])))
        holder.listen()
        with pytest.raises(StackError, match=api.API_PORT):
            api.serve(home, {}, Display())


def test_without_a_stack_there_is_nothing_to_serve(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="holds no stack yet"):
        api.serve(Home(tmp_path / "none"), {}, Display())
