"""Ports: found free, or named with who holds them."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from devstack.ports import choose_port, free_port, is_free, listener, require_free
from include.errors import StackError


@pytest.fixture
def busy() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_free_port_can_be_listened_on() -> None:
    port = free_port()
    assert is_free(port)
    require_free(port, "the test", variable="TEST_PORT")
    assert listener(port) is None


def test_a_busy_port_is_named_with_its_holder_and_the_way_out(busy: int) -> None:
    assert not is_free(busy)
    with pytest.raises(StackError) as caught:
        require_free(busy, "the test", variable="TEST_PORT")
    for part in (f"port {busy} on 127.0.0.1", "the test", f"(pid {os.getpid()})", "TEST_PORT"):
        assert part in str(caught.value)


def test_a_connection_is_no_listener(busy: int) -> None:
    with socket.create_connection(("127.0.0.1", busy)) as client:
        assert listener(client.getsockname()[1]) is None


def test_a_holder_that_cannot_be_seen_is_asked_of_root(busy: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devstack.ports.listener", lambda port: None)
    with pytest.raises(StackError, match="ask root: ss -ltnp"):
        require_free(busy, "the test", variable="TEST_PORT")


def test_a_port_that_another_process_has_chosen_is_left_to_it(busy: int) -> None:
    favourite = free_port()
    line = f"from devstack.ports import choose_port; print(choose_port({favourite}), flush=True); input()"
    other = subprocess.Popen([sys.executable, "-c", line], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    assert int(other.stdout.readline()) == favourite
    assert choose_port(favourite) != favourite  # though nobody listens there yet
    other.communicate("\n")
    assert choose_port(favourite) == favourite
    assert choose_port(favourite) != favourite
    assert choose_port(busy) != busy
