"""One night through the stack: the shop lands, history comes in, the scheduler runs, the day after is judged."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devstack.airflow import find_awaited
from devstack.dag_runs import Runs
from devstack.home import Home
from devstack.progress import Display
from devstack.work import Job
from include.demo_shop import OPENING
from include.errors import StackError
from include.settings import load_settings
from tests.airflow_api import UserApi
from tests.rehearsal.stack import Stack

HISTORY, NIGHT, WATCH = "bootstrap_history", "nightly_recommendations", "drift_watch"
DAGS = (HISTORY, NIGHT, WATCH)
DAY = dt.timedelta(days=1)
PATIENCE_SECONDS = 180.0
LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Shop:
    """The demo shop of a rehearsal: its size, and how many days are history."""

    users: int = 1000
    items: int = 400
    days: int = 30

    @property
    def night(self) -> dt.date:
        """Return the day of the night."""
        return OPENING + DAY * self.days


@dataclass
class Night:
    """Runs the night; each step is shown.

    Parameters
    ----------
    meanwhile
        Called while runs are followed.
    """

    stack: Stack
    shop: Shop
    display: Display
    meanwhile: Callable[[], None]

    def prepare(self) -> None:
        """Do what comes before the stack starts: what the image's build does, and which night the schedule has.

        The compose file lets the last complete night run. The demo shop's days are over, so the
        volume's stack file names another, as it does in a development stack.
        """
        night = str(self.shop.night)
        Home(self._home).remember({"NIGHTSHELF_FIRST_NIGHT": night, "NIGHTSHELF_LAST_NIGHT": night})
        built = {name: value for name, value in self.environment.items() if name != "SPARK_MASTER"}
        self._do("prepare_spark", ["--local"], "preparing Spark, as the image's build does", built)

    def run(self) -> None:
        """Run everything.

        Raises
        ------
        NightshelfError
            At the first thing that fails.
        """
        night = self.shop.night
        self._land(OPENING, night)
        self._wait("waiting for the DAGs", lambda: find_awaited(self.api, DAGS))
        for dag in (HISTORY, WATCH):
            self.api.set_paused(dag, False)
        self._ingest(OPENING, night - DAY)
        self.api.set_paused(NIGHT, False)
        self._wait("waiting for the scheduler to begin the night", lambda: self._not_begun(NIGHT))
        self._follow(NIGHT, f"night {night}")
        self._land(night + DAY, night + DAY)
        self._ingest(night + DAY, night + DAY)
        self._wait("waiting for the drift watch", lambda: self._not_begun(WATCH))
        self._follow(WATCH, f"drift watch on {night + DAY}")

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of the tasks, which run with the scheduler."""
        return dict(self.stack.containers["airflow-scheduler"].environment)

    @property
    def logs(self) -> Path:
        """Return the folder of the tasks' logs."""
        return Path(self.environment["AIRFLOW__LOGGING__BASE_LOG_FOLDER"])

    @property
    def _home(self) -> Path:
        return load_settings(self.environment).home

    @property
    def api(self) -> UserApi:
        """Return a client of Airflow's REST API, as the administrator of `.env`."""
        values = self.stack.values
        address = self.stack.containers["airflow-api"].address
        return UserApi(address, values["AIRFLOW_ADMIN"], values["AIRFLOW_ADMIN_PASSWORD"])

    def _land(self, first: dt.date, last: dt.date) -> None:
        shop = ["--users", str(self.shop.users), "--items", str(self.shop.items)]
        days = ["--from", str(first), "--to", str(last)]
        self._do("demo_shop", [*days, *shop], f"landing {first} to {last}", self.environment)

    def _do(self, name: str, arguments: Sequence[str], title: str, environment: Mapping[str, str]) -> None:
        """Run a job beside the containers, as `docker compose exec` does."""
        with self.display.work(title) as work, Job(name, arguments, environment, self.stack.home.logs) as job:
            job.follow(work)

    def _ingest(self, first: dt.date, last: dt.date) -> None:
        run_id = f"history__{first}"
        self.api.trigger(HISTORY, run_id, {"first_day": str(first), "last_day": str(last), "reason": "rehearsal"})
        self._runs().follow(HISTORY, run_id, f"history {first} to {last}")

    def _follow(self, dag: str, title: str) -> None:
        self._runs().follow(dag, self.api.runs(dag)[0]["dag_run_id"], title)

    def _runs(self) -> Runs:
        return Runs(self.api, self.display, self.logs, f"read the logs in {self.logs}", self.meanwhile)

    def _not_begun(self, dag: str) -> str:
        return "" if self.api.runs(dag) else dag

    def _wait(self, title: str, awaited: Callable[[], str]) -> None:
        """Wait until `awaited` names nothing any more."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        with self.display.work(title) as work:
            while missing := awaited():
                self.meanwhile()
                if time.monotonic() > deadline:
                    raise StackError(f"{title}: {missing} is still missing", remedy=f"read {self.stack.home.logs}")
                work.update(note=missing)
                time.sleep(LOOK_SECONDS)
            work.update(note="")
