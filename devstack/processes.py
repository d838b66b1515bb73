"""Processes that outlive the command that started them: find them again, and end them.

Everything that the stack starts carries the home in its environment, and so does whatever it
starts in turn: a task's job, the job's Java. That mark, unlike a pid file or a process group,
is still right after a crash, a `kill -9`, or a double fork. Pid files serve only to name a
process to people and to the supervisor; a start time beside the pid guards against reuse.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from include.errors import StackError

MARK = "NIGHTSHELF_STACK"
PART = "NIGHTSHELF_PART"
POLL_SECONDS = 0.1
ROUNDS = 3
SEEN_SECONDS = 5.0
PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


@dataclass(frozen=True, order=True)
class Process:
    """One process of this machine: its pid and its start, in clock ticks since boot."""

    pid: int
    started: int

    @property
    def alive(self) -> bool:
        """Tell whether this very process still runs (a zombie does not)."""
        return find_process(self.pid) == self


def find_process(pid: int) -> Process | None:
    """Return the running process of that pid."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in "ZX" else Process(pid, int(fields[18]))


def marks(home: Path, part: str) -> dict[str, str]:
    """Return the variables that mark a process as this home's; `part` is airflow or job.

    `SPT_NOENV` keeps setproctitle, which Airflow uses, from writing over the environment
    that /proc shows.
    """
    return {MARK: str(home), PART: part, "SPT_NOENV": "1"}


def marked(home: Path, part: str | None = None) -> list[Process]:
    """Return this home's running processes, of one part or of all, without this one."""
    wanted = {f"{MARK}={home}".encode()} | ({f"{PART}={part}".encode()} if part else set())
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        process = find_process(pid)
        if process and pid != os.getpid() and wanted <= _environment(folder):
            found.append(process)
    return sorted(found)


def session(leader: int) -> list[Process]:
    """Return the running processes of the session that the process `leader` began, alive or not itself."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        process = find_process(int(folder.name))
        try:
            if process and os.getsid(process.pid) == leader:
                found.append(process)
        except ProcessLookupError:
            continue
    return sorted(found)


def end(processes: Iterable[Process], grace_seconds: float) -> None:
    """Ask processes to end with SIGTERM, and after `grace_seconds` end them with SIGKILL."""
    left = list(processes)
    for number, seconds in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, 5.0)):
        for process in left:
            _send(process, number)
        deadline = time.monotonic() + seconds
        while left and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
            left = [process for process in left if process.alive]
        if not left:
            return


def kill(processes: Iterable[Process]) -> None:
    """End processes with SIGKILL, all at once and without waiting."""
    for process in processes:
        _send(process, signal.SIGKILL)


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
            list(command),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_the_parent if dies_with_us else None,
        )
    # The environment, by which it is found again, can be read a moment after the program's start only
    deadline = time.monotonic() + SEEN_SECONDS
    while process.poll() is None and time.monotonic() < deadline and not _environment(Path(f"/proc/{process.pid}")):
        time.sleep(0.001)
    return process


def write_pid(path: Path, process: Process) -> None:
    """Name a process in a file."""
    path.write_text(json.dumps({"pid": process.pid, "started": process.started}))


def read_pid(path: Path) -> Process | None:
    """Return the process that a file names, if it still runs."""
    try:
        process = Process(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return process if process.alive else None


def memory_bytes(processes: Iterable[Process]) -> int:
    """Return the memory of processes together, what they share counted once (PSS)."""
    total = 0
    for process in processes:
        try:
            lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue  # it ended in the meantime
        total += sum(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))
    return total


def _send(process: Process, number: signal.Signals) -> None:
    """Signal exactly this process: the descriptor cannot come to mean another one."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        if process.alive:
            signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        return
    finally:
        os.close(descriptor)


def _environment(folder: Path) -> set[bytes]:
    try:
        return set((folder / "environ").read_bytes().split(b"\0")) - {b""}
    except OSError:
        return set()  # it ended in the meantime, or belongs to another account


def _die_with_the_parent() -> None:
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
