"""Processes of this machine: whether they run, which belong together, and how they end."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterable, Sequence

import psutil

POLL_SECONDS = 0.1
SETPRIV = "setpriv"  # of util-linux, which every Linux has
# A parent that is gone before `setpriv` has asked for its signal will send none
UNLESS_ORPHAN = '[ "$PPID" = "$0" ] && exec "$@"'


def dying_with_us(command: Sequence[str], number: signal.Signals = signal.SIGKILL) -> list[str]:
    """Return `command` so that the kernel sends it a signal when the process that starts it is gone, however it went.

    Without `setpriv`, as on macOS, it is the command as it is.
    """
    if not shutil.which(SETPRIV):
        return list(command)
    armed = [SETPRIV, "--pdeathsig", number.name.removeprefix("SIG")]
    return [*armed, "/bin/sh", "-c", UNLESS_ORPHAN, str(os.getpid()), *command]


def is_alive(process: psutil.Process) -> bool:
    """Tell whether this very process still runs: neither a zombie nor another process with its pid."""
    try:
        return process.is_running() and process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False


def session(leader: int) -> list[psutil.Process]:
    """Return the running processes of the session that the process `leader` began, whether it runs itself or not."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == leader and is_alive(process):
                found.append(process)
        except (ProcessLookupError, PermissionError):
            continue
    return found


def end(processes: Iterable[psutil.Process], grace_seconds: float) -> None:
    """Ask processes to end with SIGTERM, and after `grace_seconds` end them with SIGKILL."""
    left = list(processes)
    for number, seconds in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, 5.0)):
        send(left, number)
        deadline = time.monotonic() + seconds
        while left and time.monotonic() < deadline:
            # Not psutil.wait_procs: it would take a child's exit code from whoever waits for it
            left = [process for process in left if is_alive(process)]
            time.sleep(POLL_SECONDS if left else 0)
        if not left:
            return


def send(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    """Signal processes; those that have ended are no error."""
    for process in processes:
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            continue
