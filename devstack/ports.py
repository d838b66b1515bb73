"""Ports on 127.0.0.1: find a free one, or say who holds the one that is wanted."""

from __future__ import annotations

import fcntl
import itertools
import os
import random
import socket
import tempfile
from pathlib import Path

import psutil

from include.errors import StackError

LOCALHOST = "127.0.0.1"
# Below the range from which the kernel takes the ports of outgoing connections.
PORTS = range(10000, 32000)

_claims: dict[int, int] = {}


def free_port() -> int:
    """Return a port on 127.0.0.1 that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind((LOCALHOST, 0))
        return int(probe.getsockname()[1])


def choose_port(favourite: int) -> int:
    """Return a free port that no other process of this machine chooses before this one ends.

    A server listens only some time after its port was chosen. Two stacks that are made at the same
    moment would take the same port without the claim.
    """
    others = (random.choice(PORTS) for _ in range(1000))
    return next(port for port in itertools.chain((favourite,), others) if is_free(port) and _claim(port))


def is_free(port: int) -> bool:
    """Tell whether a server could listen on `port` of 127.0.0.1."""
    with socket.socket() as probe:
        # As servers do: connections that linger in TIME_WAIT are no obstacle
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOCALHOST, port))
        except OSError:
            return False
    return True


def require_free(port: int, what: str, *, variable: str) -> None:
    """Check that `port` can be listened on.

    Parameters
    ----------
    what
        Who wants the port, for the error message.
    variable
        The setting that chooses another port.

    Raises
    ------
    StackError
        When the port is busy, naming the process that listens there if this account may see it.
    """
    if is_free(port):
        return
    holder = listener(port)
    seen = holder or f"a process of another account (ask root: ss -ltnp 'sport = :{port}')"
    raise StackError(
        f"port {port} on {LOCALHOST}, wanted by {what}, is taken by {seen}",
        remedy=f"stop that process or choose another port with {variable}",
    )


def listener(port: int) -> str | None:
    """Return `name (pid N)` of the process that listens on `port`, if this account may see it."""
    for connection in psutil.net_connections("tcp"):
        listens = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
        if listens and connection.pid:
            try:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
            except psutil.NoSuchProcess:
                continue
    return None


def _claim(port: int) -> bool:
    """Hold the machine's lock on `port` until this process ends; tell whether nobody else holds it."""
    if port in _claims:
        return False
    try:
        handle = os.open(Path(tempfile.gettempdir()) / f"nightshelf-port-{port}", os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError:
        return False  # another account's claim
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return False
    _claims[port] = handle
    return True
