"""Processes that outlive the command that started them: find them again, and end them.

Everything that the stack starts carries the home in its environment, and so does whatever it
starts in turn: a task's job, the job's Java. Unlike a pid file or a process group, that mark is
still right after a crash, a `kill -9` or a double fork.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import psutil

from include.errors import StackError
from include.processes import SETPRIV, dying_with_us, end, is_alive

MARK = "NIGHTSHELF_STACK"
PART = "NIGHTSHELF_PART"
ROUNDS = 3
SEEN_SECONDS = 5.0


def find_process(pid: int) -> psutil.Process | None:
    """Return the running process of that pid; a zombie does not run."""
    try:
        process = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None
    return process if is_alive(process) else None


def marks(home: Path, part: str) -> dict[str, str]:
    """Return the variables that mark a process as this home's; `part` is airflow, s3, mlflow or job.

    `SPT_NOENV` keeps setproctitle, which Airflow uses, from writing over the environment
    that others see.
    """
    return {MARK: str(home), PART: part, "SPT_NOENV": "1"}


def marked(home: Path, part: str | None = None, **others: str) -> list[psutil.Process]:
    """Return this home's running processes but this one: of all parts or of one, with the variables `others`."""
    wanted = {MARK: str(home), **({PART: part} if part else {}), **others}.items()
    found = [process for process in psutil.process_iter() if wanted <= _environment(process).items()]
    return [process for process in found if process.pid != os.getpid() and is_alive(process)]


def end_marked(home: Path, part: str | None = None, grace_seconds: float = 5.0) -> int:
    """End this home's processes, and those that they started meanwhile; return how many there were.

    Raises
    ------
    StackError
        When some are still there after several rounds.
    """
    ended = 0
    for _ in range(ROUNDS):
        found = marked(home, part)
        if not found:
            return ended
        end(found, grace_seconds)
        ended += len(found)
    pids = ", ".join(str(process.pid) for process in marked(home, part))
    if pids:
        raise StackError(
            f"processes of {home} do not end: {pids}", remedy="look what they wait for: ps -o pid,stat,cmd"
        )
    return ended


def spawn(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path, *, dies_with_us: bool = False
) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own, its output appended to `log`.

    Parameters
    ----------
    dies_with_us
        Have the kernel end it when this process is gone, however that happens.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            dying_with_us(command, signal.SIGTERM) if dies_with_us else command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + SEEN_SECONDS
    while process.poll() is None and time.monotonic() < deadline and not _has_begun(process.pid):
        time.sleep(0.001)
    return process


def read_pid(path: Path, home: Path) -> psutil.Process | None:
    """Return the process that a file names, if it still runs and is this home's."""
    try:
        process = find_process(int(path.read_text()))
    except (OSError, ValueError):
        return None
    return process if process and _environment(process).get(MARK) == str(home) else None


def memory_bytes(processes: Iterable[psutil.Process]) -> int:
    """Return the memory of processes together, what they share counted once (PSS)."""
    total = 0
    for process in processes:
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            continue  # it ended in the meantime
    return total


def _has_begun(pid: int) -> bool:
    """Tell whether a started process can be found by its environment, and dies with us if it must."""
    try:
        process = psutil.Process(pid)
        return bool(_environment(process)) and process.name() != SETPRIV
    except psutil.Error:
        return False


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except (psutil.Error, OSError):
        return {}  # it ended in the meantime, or belongs to another account
