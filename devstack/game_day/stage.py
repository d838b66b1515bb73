"""A development stack of its own, small, for the faults to break: what people do to it, as functions."""

from __future__ import annotations

import datetime as dt
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from devstack.airflow import JOB_VARIABLES
from devstack.game_day.hook import OnCall
from devstack.home import Home
from devstack.processes import marks
from devstack.rest import AirflowApi, ApiError
from devstack.scheduler import DAG
from devstack.stack import Stack, delete_stack, open_stack
from include.errors import StackError
from include.lake import Lake, open_lake
from include.serving.database import connect
from include.settings import PROJECT, Settings, load_settings

logger = logging.getLogger(__name__)

CLOCK = "GAME_DAY_CLOCK"  # names the file that says how far the clock is ahead
SHOP = ("--users", "400", "--items", "120")
POLICY = """
model: {trainer: ials, dimensions: 16, epochs: 3, refit_epochs: 1}
gate: {min_users: 20}
"""
LOOK_SECONDS = 0.3
PATIENCE_SECONDS = 1200.0
LIVE = "SELECT run_date FROM reco.batches WHERE is_live"
ENDED = ("success", "failed")


class Stage:
    """One home; every step is what a person or a shop would do.

    Parameters
    ----------
    lake
        `local` or `s3`, as `nightshelf nightly --lake` takes it.
    variables
        For the environment of every process of the stack.
    """

    def __init__(self, folder: Path, told: OnCall, lake: str, variables: Mapping[str, str]) -> None:
        self.home = Home(folder / "home")
        self.told, self.lake_kind = told, lake
        policy = folder / "policy.yaml"
        policy.write_text(POLICY)
        self.environment = {
            **os.environ,
            "NIGHTSHELF_HOME": str(self.home.root),
            "NIGHTSHELF_POLICY": str(policy),
            "NIGHTSHELF_SLACK_WEBHOOK": told.url,
            "NIGHTSHELF_RETRIES": "0",
            "SPARK_DRIVER_MEMORY": "1g",
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
            **variables,
        }
        self.day = dt.date.min  # of the last night

    # The stack

    def open(self) -> None:
        """Have the first night done and remember its day; a busy machine may need the command twice."""
        line = ("nightly", "--nights", "1", "--shop", " ".join(SHOP), "--lake", self.lake_kind)
        try:
            self.command(*line)
        except StackError as error:
            logger.warning("%s", error)
            self.command(*line)
        self.day = self.live_day()

    def close(self) -> None:
        """Stop everything and delete the home."""
        delete_stack(self.home, lambda _: None)

    def stack(self) -> Stack:
        """Return the processes of the home."""
        return open_stack(self.home.root, self.environment)

    def command(self, *line: str) -> None:
        """Run `nightshelf <line>`.

        Raises
        ------
        StackError
            When it fails, with what it said last.
        """
        self._run([sys.executable, "-m", "devstack", *line], self.environment)

    def job(self, name: str, *line: str) -> None:
        """Run `python -m jobs.<name> <line>` as in a shell of this home."""
        self._run([sys.executable, "-m", f"jobs.{name}", *line], {**self.environment, **JOB_VARIABLES})

    def _run(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        marked = {**environment, **marks(self.home.root, "game day")}
        done = subprocess.run(command, cwd=PROJECT, env=marked, capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise StackError(f"{' '.join(command[2:4])} failed: {''.join(said)}", remedy=f"read {self.home.logs}")

    # What it holds

    @property
    def settings(self) -> Settings:
        """Return the settings that a job of this home reads."""
        return load_settings(self.home.environment(self.environment))

    @property
    def lake(self) -> Lake:
        """Return the lake; a stage on files only."""
        return open_lake(self.settings.lake_uri)

    @property
    def landing(self) -> Lake:
        """Return the landing zone; a stage on files only."""
        return open_lake(self.settings.landing_uri)

    def folder(self, uri: str) -> Path:
        """Return the local folder of a `file://` URI."""
        return Path(uri.removeprefix("file://"))

    def live_day(self) -> dt.date:
        """Return the run date of the batch that readers see."""
        url = self.stack().postgres.url("nightshelf", "analyst")
        with connect(url, "game day") as connection, connection.cursor() as cursor:
            cursor.execute(LIVE)
            ((day,),) = cursor.fetchall()
        return dt.date.fromisoformat(str(day))

    @contextmanager
    def superuser(self) -> Iterator[Callable[[str], None]]:
        """Yield what runs a statement as PostgreSQL's superuser, at once, in the database `postgres`."""
        with connect(self.stack().postgres.url("postgres", "postgres"), "game day") as connection:
            connection.autocommit = True

            def run(statement: str) -> None:
                with connection.cursor() as cursor:
                    cursor.execute(statement)

            yield run

    # The nights

    def api(self) -> AirflowApi:
        """Return Airflow's client."""
        return self.stack().airflow.api()

    def deliver(self) -> dt.date:
        """Have the shop deliver the next day, and return it."""
        self.day += dt.timedelta(days=1)
        self.job("demo_shop", "--from", str(self.day), "--to", str(self.day), *SHOP)
        return self.day

    def begin_night(self) -> str:
        """Trigger the night of the last delivered day and return its run's id."""
        run_id = f"night__{self.day}"
        self.api().trigger(DAG, run_id, {"run_date": str(self.day)})
        return run_id

    def clear(self, run_id: str, task_id: str) -> None:
        """Clear a task with *Downstream* once the run has ended, as the runbook says."""
        self.wait_for_end(run_id)
        self.api().clear_task(DAG, run_id, task_id, downstream=True)

    def wait_for_task(self, run_id: str, task_id: str, *states: str) -> None:
        """Wait until any instance of a task is in one of `states`."""
        self.wait(lambda: any(t["state"] in states for t in self.tasks(run_id) if t["task_id"] == task_id), task_id)

    def wait_for_end(self, run_id: str) -> str:
        """Wait for the end of a night and return its state."""
        self.wait(lambda: self.state(run_id) in ENDED, run_id)
        return self.state(run_id)

    def tasks(self, run_id: str) -> list[dict[str, Any]]:
        """Return a night's task instances; none while Airflow does not answer."""
        try:
            return self.api().tasks(DAG, run_id)
        except ApiError:
            return []

    def state(self, run_id: str) -> str:
        """Return a night's state; "" while Airflow does not answer."""
        try:
            return str(self.api().run(DAG, run_id)["state"])
        except ApiError:
            return ""

    def wait(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until something `holds`.

        Raises
        ------
        StackError
            After `PATIENCE_SECONDS`.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            if time.monotonic() > deadline:
                raise StackError(
                    f"{what} is not done after {PATIENCE_SECONDS:.0f} s", remedy=f"read the logs in {self.home.logs}"
                )
            time.sleep(LOOK_SECONDS)
