"""The folder in which one development stack lives, and the file that says how to reach it."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from include.errors import StackError
from include.settings import STACK_FILE, read_stack_file

HEADER = "# How to reach this stack. It holds passwords: keep it readable for its owner only."

# Variables that the shell does not hand on: the stack file decides them here, or they configure another Python.
OWN = (
    "NIGHTSHELF_DATASET",
    "NIGHTSHELF_DATABASE_URL",
    "NIGHTSHELF_DATABASE_URL_FILE",
    "NIGHTSHELF_ANALYST_URL",
    "NIGHTSHELF_ANALYST_URL_FILE",
    "NIGHTSHELF_FIRST_NIGHT",
    "NIGHTSHELF_LAST_NIGHT",
    "PYTHONPATH",
    "PYTHONHOME",
)
# The stack file decides these too where the home has an S3 server of its own.
OWN_WITH_S3 = ("LAKE_URI", "LANDING_URI", "NIGHTSHELF_ARTIFACT_URI")
S3_PORT = "NIGHTSHELF_S3_PORT"


@dataclass(frozen=True)
class Home:
    """Paths below NIGHTSHELF_HOME, and the values that the stack remembers there.

    Parameters
    ----------
    root
        The folder itself; it need not exist yet.
    """

    root: Path

    @property
    def run(self) -> Path:
        """Pid files and locks."""
        return self.root / "run"

    @property
    def logs(self) -> Path:
        """Logs of the stack's processes, of jobs, and of tasks."""
        return self.root / "logs"

    @property
    def task_logs(self) -> Path:
        """What the tasks' jobs said."""
        return self.logs / "tasks"

    @property
    def job_logs(self) -> Path:
        """What the jobs said that the command line ran itself."""
        return self.logs / "jobs"

    @property
    def airflow(self) -> Path:
        """AIRFLOW_HOME."""
        return self.root / "airflow"

    @property
    def exists(self) -> bool:
        """Tell whether a stack was ever made here."""
        return (self.root / STACK_FILE).is_file()

    def make(self) -> None:
        """Make the folders.

        Raises
        ------
        StackError
            When a folder cannot be made or written to.
        """
        for folder in (self.root, self.run, self.logs, self.airflow):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StackError(
                    f"{folder} cannot be made: {error.strerror}", remedy="set NIGHTSHELF_HOME to a writable folder"
                ) from error
        if not os.access(self.root, os.W_OK):
            raise StackError(f"{self.root} is not writable", remedy="set NIGHTSHELF_HOME to a writable folder")

    def values(self) -> dict[str, str]:
        """Return what the stack file says."""
        return read_stack_file(self.root / STACK_FILE)

    def remember(self, values: Mapping[str, str]) -> dict[str, str]:
        """Lay `values` over the stack file, at once and readable for the owner only; return all."""
        known = {**self.values(), **values}
        handle, name = tempfile.mkstemp(dir=self.root, prefix=f".{STACK_FILE}.")  # made with mode 0600
        try:
            with os.fdopen(handle, "w") as stream:
                stream.write("\n".join([HEADER, *(f"{name}={value}" for name, value in known.items())]) + "\n")
            Path(name).replace(self.root / STACK_FILE)
        except OSError as error:
            Path(name).unlink(missing_ok=True)
            raise StackError(f"{self.root / STACK_FILE}: {error.strerror}", remedy="make room on that disk") from error
        return known

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """Return what the stack's processes and jobs inherit from the shell that starts them."""
        has_s3 = S3_PORT in self.values()
        own = {*OWN, *OWN_WITH_S3} if has_s3 else {*OWN}
        others = ("AIRFLOW", "AWS_") if has_s3 else ("AIRFLOW",)
        kept = {name: value for name, value in inherited.items() if name not in own and not name.startswith(others)}
        return {**kept, "NIGHTSHELF_HOME": str(self.root)}

    @contextmanager
    def alone(self, what: str) -> Iterator[None]:
        """Let one process at a time do `what` in this home; the lock ends with the process.

        Raises
        ------
        StackError
            When another process is at it.
        """
        self.make()
        with (self.run / f"{what}.lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                lock.seek(0)
                raise StackError(
                    f"`{what}` already runs in {self.root} (pid {lock.read().strip() or 'unknown'})",
                    remedy="wait for it, or stop it with Ctrl-C where it runs",
                ) from error
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield
