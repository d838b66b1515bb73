"""Ports on 127.0.0.1: find a free one, or say who holds the one that is wanted."""

from __future__ import annotations

import socket
from pathlib import Path

from include.errors import StackError

LOCALHOST = "127.0.0.1"
LISTEN = "0A"


def free_port() -> int:
    """Return a port on 127.0.0.1 that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind((LOCALHOST, 0))
        return int(probe.getsockname()[1])


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
    inodes = _listening_inodes(port)
    for descriptor in Path("/proc").glob("[0-9]*/fd/*") if inodes else ():
        try:
            target = str(descriptor.readlink())
            if target.removeprefix("socket:[").removesuffix("]") in inodes:
                process = descriptor.parent.parent
                return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
        except OSError:
            continue  # it ended in the meantime, or belongs to another account
    return None


def _listening_inodes(port: int) -> set[str]:
    inodes = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if not table.is_file():
            continue
        for line in table.read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(fields[9])
    return inodes
