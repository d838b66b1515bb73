"""Operators that run one job each: `python -m jobs.<job> <arguments>`.

The job's log becomes the task's log, its result the task's XCom; its exit code decides whether another try can help.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator, BranchMixIn
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from include.errors import NO_HELP
from include.outcome import JobError
from include.runner import NO_RESULT, JobRun, job_command
from include.settings import PROJECT

if TYPE_CHECKING:
    from airflow.sdk import Context

# Variables that the shell line repeats when they are set. None of them can hold a password;
# what can is read by the job from $NIGHTSHELF_HOME/stack.env.
REPEATED = ("NIGHTSHELF_HOME", "NIGHTSHELF_DATASET", "NIGHTSHELF_POLICY", "LAKE_URI", "LANDING_URI", "SPARK_MASTER")
HOPELESS = (2, 3)  # the configuration or the data is wrong, see jobs/_command.py
RESULT_LIMIT_BYTES = 4096
RETURN_VALUE = "return_value"

# "02:11:03 ERROR   nightshelf: text" of include.log, "26/11/21 02:11:03 WARN Utils: text" of Spark
LINE = re.compile(r"^(?:\d\d/\d\d/\d\d )?\d\d:\d\d:\d\d (?P<level>[A-Z]+)\s+(?P<text>\S.*)$")
LEVELS = {**logging.getLevelNamesMapping(), "TRACE": logging.DEBUG}
TRACEBACK = "Traceback (most recent call last):"


class JobOperator(BaseOperator):
    """Run one job in a process group of its own and return its result.

    Parameters
    ----------
    job
        Name of a module in `jobs/`; the task's id when left out.
    arguments
        The command line of the job, templated.
    asset_extra
        What the events of the outlets say besides the job's result, templated. An outlet
        whose own `extra` has `part` is announced only if the job's result has a key of
        that name, and says what stands under it.
    announce_if
        A key of the job's result that must be true for the outlets to be announced.

    Raises
    ------
    AirflowFailException
        At once, without another try, for exit code 2 or 3, and for a result that is missing or too long.
        The message is the job's own.
    AirflowException
        For any other exit code; Airflow tries again.
    """

    template_fields: Sequence[str] = ("job", "arguments", "asset_extra")
    ui_color = "#dfe7fd"
    package: ClassVar[str] = "jobs"

    def __init__(
        self,
        *,
        job: str | None = None,
        arguments: Sequence[str] = (),
        asset_extra: Mapping[str, Any] | None = None,
        announce_if: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job = job or self.task_id
        self.arguments = list(arguments)
        self.asset_extra = dict(asset_extra or {})
        self.announce_if = announce_if
        self._run: JobRun | None = None
        self._stopped = False

    def execute(self, context: Context) -> dict[str, Any]:
        result = self.run_job()
        self.announce(context, result)
        return result

    def on_kill(self) -> None:
        """Stop the job and everything it started."""
        self._stopped = True
        if self._run is not None:
            self.log.warning("stopping job %s, process %d and all that it started", self.job, self._run.pid)
            self._run.stop()

    def command(self) -> list[str]:
        """Return the job's command."""
        return job_command(self.job, self.arguments, self.package)

    def shell_line(self) -> str:
        """Return one line that repeats this task in any shell of this machine; it holds no secret."""
        variables = [f"{name}={shlex.quote(os.environ[name])}" for name in REPEATED if os.environ.get(name)]
        return f"cd {shlex.quote(str(PROJECT))} && " + " ".join([*variables, shlex.join(self.command())])

    def run_job(self) -> dict[str, Any]:
        """Run the job to its end and return its result."""
        self.log.info("To repeat this task in a shell: %s", self.shell_line())
        with JobRun(self.job, self.command(), job_environment(os.environ)) as run:
            self._run = run
            try:
                for level, text in with_levels(run.lines()):
                    self.log.log(level, "%s", text)
                if self._stopped:
                    raise AirflowException(f"job {self.job} was stopped from outside before it was done")
                result = run.result()
            except JobError as error:
                raise (AirflowFailException if error.exit_code in HOPELESS else AirflowException)(error.line) from None
            finally:
                self._run = None
        size = len(json.dumps(result).encode())
        if size > RESULT_LIMIT_BYTES:
            raise self.wrong_result(
                f"returned {size} bytes, more than {RESULT_LIMIT_BYTES}",
                "a result names paths and counts, data stays in the lake",
            )
        return result

    def wrong_result(self, problem: str, remedy: str) -> AirflowFailException:
        """Return the error for a job whose result is of no use: it would say the same again."""
        error = JobError(f"job {self.job} {problem}", remedy=remedy, exit_code=NO_RESULT, clearing=NO_HELP)
        raised = AirflowFailException(str(error))
        raised.__cause__ = error
        return raised

    def announce(self, context: Context, result: Mapping[str, Any]) -> None:
        """Give the outlets' events what the job did, and drop those it did not touch.

        A mapped task declares every table that the task as a whole writes; each of its
        instances announces only its own.
        """
        if self.announce_if is not None and not result.get(self.announce_if):
            self.outlets = []
        self.outlets = [outlet for outlet in self.outlets if outlet.extra.get("part", "") in ("", *result)]
        for outlet in self.outlets:
            done = result.get(outlet.extra["part"]) if "part" in outlet.extra else result
            context["outlet_events"][outlet].extra = {**self.asset_extra, "result": done}


class JobBranchOperator(JobOperator, BranchMixIn):
    """Run a job whose result holds the id of the task to go on with, under `decision`."""

    inherits_from_skipmixin = True
    ui_color = "#fde8d7"

    def execute(self, context: Context) -> dict[str, Any]:
        result = self.run_job()
        decision = result.get("decision")
        if decision not in self.downstream_task_ids:
            raise self.wrong_result(
                f"decided {decision!r}, which is none of {sorted(self.downstream_task_ids)}",
                "correct the job, or the names of the tasks",
            )
        self.announce(context, result)
        # Skipping a branch ends the task before Airflow would store what it returned.
        context["ti"].xcom_push(key=RETURN_VALUE, value=result)
        self.do_branch(context, decision)
        return result


def job_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return `environment` without Airflow's own configuration, which holds its secrets."""
    return {name: value for name, value in environment.items() if not name.startswith("AIRFLOW__")}


def with_levels(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield the lines of a job's log that are not empty, without their times, each with the level that it states.

    After an error, lines without a level belong to it; other lines without one are information.
    """
    level = logging.INFO
    for line in filter(None, lines):
        match = LINE.match(line)
        if match and match["level"] in LEVELS:
            level, text = LEVELS[match["level"]], match["text"]
        else:
            level, text = (logging.ERROR if line == TRACEBACK or level >= logging.ERROR else logging.INFO), line
        yield level, text
