"""Jobs that the command line runs itself, beside those that the scheduler runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from devstack.processes import marks
from devstack.progress import Work
from include.runner import JobRun, job_command

LOOK_SECONDS = 0.3


class Job(JobRun):
    """A run of `python -m jobs.<name>`, begun at once.

    Parameters
    ----------
    environment
        The job's own; it must name the home.
    logs
        Folder for what the job says.
    """

    def __init__(self, name: str, arguments: Sequence[str], environment: Mapping[str, str], logs: Path) -> None:
        marked = {**environment, **marks(Path(environment["NIGHTSHELF_HOME"]), "job")}
        super().__init__(name, job_command(name, arguments), marked, logs / f"{name}.log")

    def follow(self, work: Work, measure: Callable[[], int] | None = None) -> dict[str, Any]:
        """Wait for the end of the job and return its result.

        Parameters
        ----------
        measure
            Says how far the job is, for `work`.

        Raises
        ------
        JobError
            When the job fails, with its own words.
        """
        while self.wait(LOOK_SECONDS) is None:
            work.update(measure() if measure else None)
        work.update(measure() if measure else None)
        return self.result()
