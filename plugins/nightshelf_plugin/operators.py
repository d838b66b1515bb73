"""Operators that run one job command each: `python -m jobs.<job> <arguments>`.

The job's log becomes the task's log, the job's result line becomes the task's XCom, the
job's exit code decides whether another try can help.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator, BranchMixIn
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from include.settings import PROJECT
from nightshelf_plugin.joblog import JobLog
from nightshelf_plugin.process import JobProcess

if TYPE_CHECKING:
    from airflow.sdk import Context

# Variables that the shell line repeats when they are set. None of them can hold a password;
# what can is read by the job from $NIGHTSHELF_HOME/stack.env.
REPEATED = ("NIGHTSHELF_HOME", "NIGHTSHELF_DATASET", "NIGHTSHELF_POLICY", "LAKE_URI", "LANDING_URI", "SPARK_MASTER")
HOPELESS = (2, 3)  # the configuration or the data is wrong, see jobs/_command.py
RESULT_LIMIT_BYTES = 4096
GRACE_SECONDS = 3.0  # Airflow kills a task that has not ended 5 s after its SIGTERM
RETURN_VALUE = "return_value"


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

    Raises
    ------
    AirflowFailException
        At once, without another try, for exit code 2 or 3 and for a result that is none.
        The message is the job's own last error line.
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
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job = job or self.task_id
        self.arguments = list(arguments)
        self.asset_extra = dict(asset_extra or {})
        self._process: JobProcess | None = None
        self._stopped = False

    def execute(self, context: Context) -> dict[str, Any]:
        result = self.run_job()
        self.announce(context, result)
        return result

    def on_kill(self) -> None:
        """Stop the job and everything it started."""
        self._stopped = True
        if self._process is not None:
            self.log.warning("stopping job %s, process group %d", self.job, self._process.pid)
            self._process.stop(GRACE_SECONDS)

    def command(self) -> list[str]:
        """Return the job's command."""
        return [sys.executable, "-m", f"{self.package}.{self.job}", *self.arguments]

    def shell_line(self) -> str:
        """Return one line that repeats this task in any shell of this machine; it holds no secret."""
        variables = [f"{name}={shlex.quote(os.environ[name])}" for name in REPEATED if os.environ.get(name)]
        return f"cd {shlex.quote(str(PROJECT))} && " + " ".join([*variables, shlex.join(self.command())])

    def run_job(self) -> dict[str, Any]:
        """Run the job to its end and return its result."""
        self.log.info("To repeat this task in a shell: %s", self.shell_line())
        said = JobLog(self.log)
        self._process = process = JobProcess(self.command(), PROJECT, job_environment(os.environ))
        try:
            for line in process.lines():
                said.add(line)
            code = process.wait()
            printed = process.printed()
        finally:
            self._process = None
            process.close(GRACE_SECONDS)
        self._raise_unless_done(code, said.reason)
        for line in printed[:-1]:
            self.log.info("%s", line)
        return read_result(self.job, printed[-1] if printed else "")

    def _raise_unless_done(self, code: int, reason: str) -> None:
        if self._stopped:
            raise AirflowException(f"job {self.job} was stopped from outside before it was done")
        if code in HOPELESS:
            raise AirflowFailException(reason)
        if code < 0:
            raise AirflowException(f"job {self.job} was ended by signal {-code} (9: out of memory?): {reason}")
        if code:
            raise AirflowException(reason)

    def announce(self, context: Context, result: Mapping[str, Any]) -> None:
        """Give the outlets' events what the job did, and drop those it did not touch.

        A mapped task declares every table that the task as a whole writes; each of its
        instances announces only its own.
        """
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
            raise AirflowFailException(
                f"job {self.job} decided {decision!r}, which is none of {sorted(self.downstream_task_ids)}"
            )
        self.announce(context, result)
        # Skipping a branch ends the task before Airflow would store what it returned.
        context["ti"].xcom_push(key=RETURN_VALUE, value=result)
        self.do_branch(context, decision)
        return result


def job_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return `environment` without Airflow's own configuration, which holds its secrets."""
    kept = {name: value for name, value in environment.items() if not name.startswith("AIRFLOW__")}
    return {**kept, "PYTHONUNBUFFERED": "1"}


def read_result(job: str, line: str) -> dict[str, Any]:
    """Return the JSON object of a job's result line.

    Raises
    ------
    AirflowFailException
        When the line is no JSON object, or longer than an XCom should be.
    """
    if len(line.encode()) > RESULT_LIMIT_BYTES:
        raise AirflowFailException(
            f"job {job} returned {len(line.encode())} bytes, more than {RESULT_LIMIT_BYTES}: "
            "a result names paths and counts, data stays in the lake"
        )
    try:
        result = json.loads(line)
    except json.JSONDecodeError:
        result = None
    if not isinstance(result, dict):
        raise AirflowFailException(f"job {job} ended well but its last line on stdout is no JSON object: {line!r}")
    return result
