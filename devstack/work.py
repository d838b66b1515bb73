"""Jobs that the command line runs itself, beside those that the scheduler runs."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from devstack.processes import end, marks, session, spawn
from devstack.progress import Work
from include.errors import NightshelfError
from include.settings import PROJECT

LOOK_SECONDS = 0.3
GRACE_SECONDS = 5.0
FAILED = re.compile(r"ERROR\s+nightshelf: \w+: (?P<problem>.*)\. Remedy: (?P<remedy>.*)\.$")


class JobError(NightshelfError):
    """A job that the command line ran has failed; it says what the job said."""

    def __init__(self, problem: str, *, remedy: str, exit_code: int) -> None:
        super().__init__(problem, remedy=remedy)
        self.exit_code = exit_code


class Job:
    """A run of `python -m jobs.<name>`, begun at once.

    As a context it ends the job, and what the job started, when its result is no longer waited for.

    Parameters
    ----------
    environment
        The job's own; it must name the home.
    logs
        Folder for what the job says.
    """

    def __init__(self, name: str, arguments: Sequence[str], environment: Mapping[str, str], logs: Path) -> None:
        self.name = name
        self.log = logs / f"{name}.log"
        self._start = self.log.stat().st_size if self.log.is_file() else 0
        marked = {**environment, **marks(Path(environment["NIGHTSHELF_HOME"]), "job")}
        command = [sys.executable, "-m", f"jobs.{name}", *arguments]
        self._process = spawn(command, marked, PROJECT, self.log, dies_with_us=True)

    def __enter__(self) -> Job:
        return self

    def __exit__(self, *_: object) -> None:
        """Ctrl-C does not reach the job by itself, it has a session of its own."""
        end(session(self._process.pid), GRACE_SECONDS)
        self._process.wait()

    def result(self, work: Work, measure: Callable[[], int] | None = None) -> dict[str, Any]:
        """Wait for the end of the job and return its result.

        Parameters
        ----------
        measure
            Says how far the job is, for `work`.

        Raises
        ------
        JobError
            When the job fails, with its own last error line.
        """
        while self._process.poll() is None:
            work.update(measure() if measure else None)
            time.sleep(LOOK_SECONDS)
        work.update(measure() if measure else None)
        said = self.log.read_text(errors="replace")[self._start :].splitlines()
        if self._process.returncode:
            raise _failure(self.name, said, self._process.returncode, self.log)
        return self._read(said)

    def _read(self, said: Sequence[str]) -> dict[str, Any]:
        line = next((line for line in reversed(said) if line.startswith("{")), "")
        try:
            return dict(json.loads(line))
        except ValueError as error:
            raise JobError(f"job {self.name} ended without a result", remedy=f"read {self.log}", exit_code=1) from error


def _failure(name: str, said: Sequence[str], code: int, log: Path) -> JobError:
    exit_code = code if code > 0 else 1
    for line in reversed(said):
        match = FAILED.search(line)
        if match:
            return JobError(match["problem"], remedy=match["remedy"], exit_code=exit_code)
    last = next((line for line in reversed(said) if line.strip()), "it said nothing")
    how = f"with code {code}" if code > 0 else f"by signal {-code}"
    return JobError(f"job {name} ended {how}: {last.strip()}", remedy=f"read {log}", exit_code=exit_code)
