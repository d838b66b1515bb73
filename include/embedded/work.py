"""Jobs that the command line runs itself, beside those that the scheduler runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from include.embedded.processes import Process, end, find_process, marks, spawn
from include.embedded.progress import Work
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


def run_job(
    name: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    logs: Path,
    work: Work,
    measure: Callable[[], int] | None = None,
) -> dict[str, Any]:
    """Run `python -m jobs.<name>` to its end and return its result.

    Parameters
    ----------
    environment
        The job's own; it must name the home.
    logs
        Folder for what the job says.
    measure
        Says how far the job is, for `work`.

    Raises
    ------
    JobError
        When the job fails, with its own last error line.
    """
    log = logs / f"{name}.log"
    start = log.stat().st_size if log.is_file() else 0
    home = Path(environment["NIGHTSHELF_HOME"])
    command = [sys.executable, "-m", f"jobs.{name}", *arguments]
    job = spawn(command, {**environment, **marks(home, "job")}, PROJECT, log, dies_with_us=True)
    seen = find_process(job.pid)
    try:
        _follow(job, work, measure)
    except BaseException:
        _end_session(job, seen)
        raise
    said = log.read_text(errors="replace")[start:].splitlines()
    if job.returncode:
        raise _failure(name, said, job.returncode, log)
    return dict(json.loads(next(line for line in reversed(said) if line.startswith("{"))))


def _follow(job: subprocess.Popen[bytes], work: Work, measure: Callable[[], int] | None) -> None:
    while job.poll() is None:
        work.update(measure() if measure else None)
        time.sleep(LOOK_SECONDS)
    work.update(measure() if measure else None)


def _end_session(job: subprocess.Popen[bytes], seen: Process | None) -> None:
    """Ctrl-C does not reach the job, which has a session of its own."""
    if seen is not None:
        end([seen], GRACE_SECONDS)
    job.wait()


def _failure(name: str, said: Sequence[str], code: int, log: Path) -> JobError:
    exit_code = code if code > 0 else 1
    for line in reversed(said):
        match = FAILED.search(line)
        if match:
            return JobError(match["problem"], remedy=match["remedy"], exit_code=exit_code)
    last = next((line for line in reversed(said) if line.strip()), "it said nothing")
    how = f"with code {code}" if code > 0 else f"by signal {-code}"
    return JobError(f"job {name} ended {how}: {last.strip()}", remedy=f"read {log}", exit_code=exit_code)
