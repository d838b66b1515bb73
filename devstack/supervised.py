"""One part of a stack whose processes a supervisor keeps running."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devstack.home import Home
from devstack.processes import Process, end, end_marked, find_process, marked, read_pid, spawn, write_pid
from include.settings import PROJECT

GRACE_SECONDS = 8.0  # between SIGTERM and SIGKILL; a scheduler alone would wait for its tasks to end


@dataclass(frozen=True)
class Supervised:
    """The part `part` of the stack in `home`.

    Parameters
    ----------
    part
        Marks its processes, see `processes.marks`.
    supervisor
        Name of the supervisor's pid file and log.
    names
        Of the processes that it keeps.
    """

    home: Home
    part: str
    supervisor: str
    names: tuple[str, ...]

    @property
    def pid_file(self) -> Path:
        """Return the file that names the supervisor's process."""
        return self.home.run / f"{self.supervisor}.pid"

    def find_supervisor(self) -> Process | None:
        """Return the supervisor, if it runs."""
        return read_pid(self.pid_file)

    def end_leftovers(self) -> None:
        """End what a killed supervisor left."""
        end_marked(self.home.root, self.part)

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start the supervisor; `environment` carries the part's marks."""
        started = spawn(command, environment, PROJECT, self.home.logs / f"{self.supervisor}.log")
        seen = find_process(started.pid)
        if seen is not None:
            write_pid(self.pid_file, seen)

    def stop(self) -> int:
        """End the supervisor first, so that nothing is started again, then the rest; return how many there were."""
        count = len(marked(self.home.root, self.part))
        supervisor = self.find_supervisor()
        if supervisor is not None:
            end([supervisor], GRACE_SECONDS + 5)
        self.end_leftovers()
        for name in (self.supervisor, *self.names):
            (self.home.run / f"{name}.pid").unlink(missing_ok=True)
        return count
