"""Run `python -m jobs.<job>` in a process of its own: start it, follow its log, take its result, stop it whole."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from include.errors import HELPS, NO_HELP
from include.outcome import OUTCOME, JobError, find_error, find_result
from include.processes import dying_with_us, end, session
from include.settings import PROJECT

POLL_SECONDS = 0.2
LINGER_SECONDS = 5.0  # what Spark's JVM may take to tidy up after the Python process has ended
KILLED = -9  # by a person or by a machine without memory
NO_RESULT = 3  # exit code of a job that ended well but handed over nothing: another try will not help
GRACE_SECONDS = 3.0  # between SIGTERM and SIGKILL; Airflow kills a task that has not ended 5 s after its SIGTERM


def job_command(job: str, arguments: Sequence[str], package: str = "jobs") -> list[str]:
    """Return the command that runs a job."""
    return [sys.executable, "-m", f"{package}.{job}", *arguments]


class JobRun:
    """One run of a job, begun at once.

    The job leads a session of its own, so that stopping it reaches all that it started, Spark's JVM above all. It
    dies with the process that started it. As a context the run leaves no process and no file behind.

    Parameters
    ----------
    name
        Of the job, for messages.
    command
        Program and arguments; no shell is involved.
    environment
        The whole environment of the command.
    log
        File to which the job's output is appended; without one it lasts as long as the run.
    """

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path | None = None
    ) -> None:
        self.name = name
        self._private = tempfile.TemporaryDirectory(prefix="nightshelf-", ignore_cleanup_errors=True)
        self._folder = Path(self._private.name)
        self._log = log or self._folder / "log"
        self._where = str(log) if log else "the log above"
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as output:
            self._begin = output.tell()
            self._process = subprocess.Popen(
                dying_with_us(command),
                cwd=PROJECT,
                env={**environment, OUTCOME: str(self._folder), "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._process.wait()
        self._private.cleanup()

    @property
    def pid(self) -> int:
        """The job's process, which leads the session."""
        return self._process.pid

    def lines(self) -> Iterator[str]:
        """Yield each line of the job's output as it comes, until the job and all that it started have ended.

        What outlives the job by more than `LINGER_SECONDS` is not waited for.
        """
        rest, patience = b"", LINGER_SECONDS
        with self._log.open("rb") as stream:
            stream.seek(self._begin)
            over = False
            while not over:
                if self.wait(POLL_SECONDS) is not None:
                    over = patience <= 0 or not session(self.pid)
                    patience -= POLL_SECONDS
                    time.sleep(0 if over else POLL_SECONDS)
                *whole, rest = (rest + stream.read()).split(b"\n")
                yield from (_text(line) for line in whole)
        if rest:
            yield _text(rest)

    def wait(self, seconds: float | None = None) -> int | None:
        """Wait for the job's end; return its exit code, negative for a signal, or None after `seconds`."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def result(self) -> dict[str, Any]:
        """Wait for the job's end and return its result.

        Raises
        ------
        JobError
            When the job failed, with its own words; when it ended without saying why, with the last line of its log.
        """
        code = self._process.wait()
        result = find_result(self._folder)
        if code == 0 and result is not None:
            return result
        error = find_error(self._folder, self._where)
        if error is not None and code > 0:
            raise error
        raise JobError(
            f"job {self.name} ended {_how(code)}: {self._last_line()}",
            remedy=f"read {self._where}" if code != KILLED else "free memory (docs/runbook.md, *Memory*)",
            exit_code=NO_RESULT if code == 0 else max(code, 1),
            clearing=HELPS if code < 0 else NO_HELP,
        )

    def stop(self, grace_seconds: float = GRACE_SECONDS) -> None:
        """Ask the job and all that it started to end, and end for good what is left after `grace_seconds`."""
        end(session(self.pid), grace_seconds)

    def _last_line(self) -> str:
        with self._log.open("rb") as stream:
            stream.seek(self._begin)
            lines = [line for line in map(_text, stream.read().split(b"\n")) if line]
        return lines[-1].strip() if lines else "it said nothing"


def _how(code: int) -> str:
    if code == 0:
        return "without a result"
    return f"with code {code}" if code > 0 else f"by signal {-code}{' (out of memory?)' if code == KILLED else ''}"


def _text(line: bytes) -> str:
    return line.decode(errors="replace").rstrip()
