"""`nightshelf first-night`: from an empty stack of containers to a live batch, by Airflow's own DAGs.

It runs inside the stack: `docker compose run --rm init nightshelf first-night`. Every step finds what is done.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devstack.airflow import wait_until_ready
from devstack.dag_runs import Runs
from devstack.home import Home
from devstack.plan import DAY, DEMO_SHOP, FIRST_NIGHT, LAST_NIGHT, ingested_days, landed_days
from devstack.progress import Display
from devstack.rest import AirflowApi
from devstack.scheduler import CATCH_UP, DAG, Nights
from devstack.summary import show_summary
from devstack.work import Job
from include.contract import load_dataset
from include.demo_shop import DEFAULT_HISTORY_DAYS, OPENING
from include.errors import ConfigurationError, InputError
from include.lake import open_lake
from include.settings import load_s3_settings, load_settings

HISTORY = "bootstrap_history"
ADMIN, PASSWORD = "AIRFLOW_ADMIN", "AIRFLOW_ADMIN_PASSWORD"
SERVER = "AIRFLOW__CORE__EXECUTION_API_SERVER_URL"
LOGS = "AIRFLOW__LOGGING__BASE_LOG_FOLDER"
UI = "AIRFLOW__API__BASE_URL"
REMEDY = "mend the cause and give the same command again; docs/runbook.md says what each task needs"


@dataclass(frozen=True)
class FirstNight:
    """The way to a first night.

    Parameters
    ----------
    night
        Its day; the last that has landed when None, and for the demo shop the first after its history.
    shop
        Arguments of the job demo_shop beside the days.
    environment
        The process's own: that of the stack's Airflow.
    """

    home: Home
    night: dt.date | None
    shop: Sequence[str]
    environment: Mapping[str, str]
    display: Display

    def run(self) -> None:
        """Land the demo shop if it is the data set, ingest the history, run the night, and show the result.

        Raises
        ------
        NightshelfError
            When this is no stack, something has not landed, or a step fails; what is done stays done.
        """
        if missing := [name for name in (ADMIN, PASSWORD, SERVER, LOGS) if not self.environment.get(name)]:
            raise ConfigurationError(
                f"{missing[0]} is not set: this is no stack of containers",
                remedy="run `docker compose run --rm init nightshelf first-night`; without containers run make nightly",
            )
        settings, access = load_settings(self.environment), load_s3_settings(self.environment)
        landing, lake = open_lake(settings.landing_uri, access), open_lake(settings.lake_uri, access)
        with self.home.alone("first-night"):
            night = self.night
            if settings.dataset == DEMO_SHOP:
                night = night or OPENING + DAY * DEFAULT_HISTORY_DAYS
                self._open_shop(night)
            landed = landed_days(landing)
            night = night or (landed[-1] if landed else None)
            history = [day for day in landed if night and day < night]
            if night not in landed or not history:
                raise InputError(
                    f"{landing.uri} has no {night or 'day'} with days before it; it has {len(landed)} days",
                    remedy="deliver the history and the day of the night, each with _SUCCESS, or name another --night",
                )
            api = self._wait_for_airflow()
            self._ingest(api, sorted(set(history) - set(ingested_days(lake, history))))
            self._run_night(api, night)
        show_summary(self.display, settings, lake, night)
        self.display.say(f"Airflow       {self.environment.get(UI, api.url)} as {self.environment[ADMIN]}")

    def _open_shop(self, night: dt.date) -> None:
        """Let the shop deliver its days."""
        arguments = ["--to", str(night), *self.shop]
        with (
            self.display.work(f"the demo shop delivers its days up to {night}") as work,
            Job("demo_shop", arguments, self.environment, self.home.job_logs) as job,
        ):
            job.follow(work)

    def _wait_for_airflow(self) -> AirflowApi:
        address = self.environment[SERVER].removesuffix("/").removesuffix("/execution")
        api = AirflowApi(address, self.environment[ADMIN], self.environment[PASSWORD])
        with self.display.work("waiting for Airflow") as work:
            wait_until_ready(api, lambda awaited: work.update(note=awaited), "see `docker compose ps`")
        return api

    def _ingest(self, api: AirflowApi, days: Sequence[dt.date]) -> None:
        if not days:
            return
        first, last = str(days[0]), str(days[-1])
        run_id = f"first_night__{first}__{last}"
        form = {"first_day": first, "last_day": last, "reason": "the history before the first night"}
        if api.has_run(HISTORY, run_id):
            api.clear_run(HISTORY, run_id)
        else:
            api.trigger(HISTORY, run_id, form)
        api.set_paused(HISTORY, False)
        runs = Runs(api, self.display, Path(self.environment[LOGS]), REMEDY)
        runs.follow(HISTORY, run_id, f"ingesting the history, {first} to {last}")

    def _run_night(self, api: AirflowApi, night: dt.date) -> None:
        """Run the night, and see to it that the schedule begins none before it that waits for a past delivery.

        The schedule of the demo shop, whose days are past, ends with it; that of others begins today.
        """
        settings = load_settings(self.environment)
        zone = load_dataset(settings.dataset).zone
        nights = Nights(api, self.display, Path(self.environment[LOGS]), REMEDY, zone)
        if settings.dataset == DEMO_SHOP:
            name, bound, day = LAST_NIGHT, "end_date", night
        else:
            name, bound, day = FIRST_NIGHT, "start_date", max(dt.datetime.now(zone).date(), night + DAY)
        if not self.environment.get(FIRST_NIGHT) and not self.environment.get(LAST_NIGHT):  # they come first
            self.home.remember({name: str(day)})
            nights.wait_for_schedule(bound, day)
        for dag in (DAG, CATCH_UP):
            api.set_paused(dag, False)
        nights.run([night])
