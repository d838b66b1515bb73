"""`make nightly`: from a landing zone, or from nothing, to a live batch."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from devstack.airflow import JOB_VARIABLES
from devstack.disk import DiskFullError, check_room
from devstack.home import Home
from devstack.java import find_java
from devstack.plan import (
    DATASET,
    DAY,
    DEFAULT_NIGHTS,
    FIRST_NIGHT,
    LAST_NIGHT,
    S3,
    Plan,
    Request,
    first_scheduled,
    ingested_days,
    landed_days,
    make_plan,
    split_days,
)
from devstack.processes import end_marked
from devstack.progress import Display
from devstack.scheduler import CATCH_UP, DAG, Nights
from devstack.stack import Stack, open_stack
from devstack.summary import show_places, show_summary
from devstack.work import Job
from include.columns import TABLES
from include.contract import load_dataset
from include.demo_shop import DEFAULT_HISTORY_DAYS, OPENING
from include.lake import Lake, open_lake
from include.settings import PROJECT, Settings, load_s3_settings, load_settings
from include.spark.s3 import check_jars, uses_s3
from include.spark.session import class_archive

POOLS = PROJECT / "deploy" / "airflow" / "pools.json"


@dataclass
class Nightly:
    """One `make nightly`, step by step; each step finds what earlier runs have done.

    Parameters
    ----------
    environment
        The process's own.
    """

    home: Home
    request: Request
    environment: Mapping[str, str]
    display: Display

    def run(self) -> None:
        """Run everything that is not done yet and show the summary.

        Raises
        ------
        NightshelfError
            When something is missing or a step fails; what is done stays done.
        """
        plan = self._check()
        with self.home.alone("nightly"):
            end_marked(self.home.root, "job")  # what a killed command left
            stack = open_stack(self.home.root, self.environment, with_s3=plan.lake == S3)
            self._prepare_lake(stack)
            fresh = plan.last_night is None
            plan = self._land(plan) if fresh else plan
            self._begin_schedule(plan)
            self._start(stack)
            self._ingest_history(plan)
            wait_until_ready(stack, self.display)
            zone = load_dataset(plan.dataset).zone
            nights = Nights(stack.airflow.api(), self.display, self.home.task_logs, zone=zone)
            if not fresh and (self.request.source or not nights.unfinished(self._landed_nights(plan))):
                plan = self._next_nights(plan)
            try:
                for dag in (DAG, CATCH_UP):
                    nights.api.parse_now(dag)  # the plan may be newer than what was parsed
                    nights.api.set_paused(dag, False)
                nights.run(self._landed_nights(plan))
            except DiskFullError:
                stack.stop()  # what was refused a write hangs, or has lost its place
                raise
            show_summary(self.display, self._settings(), self._lake, plan.nights[-1])
            show_places(self.display, self._settings(), stack.airflow.access)

    def _check(self) -> Plan:
        """Return the plan, after looking for everything that would stop a night later."""
        find_java(self.environment)
        plan = make_plan(self.request, self.home.values(), self.home.root)
        settings = self._settings()
        if plan.lake == S3 or uses_s3(settings):
            check_jars(settings)
        check_room(self.home.root)
        return plan

    def _prepare_lake(self, stack: Stack) -> None:
        """Start the home's S3 server, if it has one, and let Spark's jobs start quickly with the jars for it."""
        if stack.s3 is None:
            return
        with self.display.work("starting the S3 server"):
            stack.start_storage()
        if not class_archive(self._settings()).is_file():
            self._do("prepare_spark", [], "preparing Spark for S3, once for this installation")

    def _land(self, plan: Plan) -> Plan:
        """Land everything there is, and remember what is history."""
        nights = self.request.nights or DEFAULT_NIGHTS
        if plan.generated:
            plan = replace(plan, history_to=OPENING + DAY * (DEFAULT_HISTORY_DAYS - 1))
            return self._open_shop(plan, nights)
        arguments = ["--source", str(plan.source)]
        self._do("land", arguments, f"landing {plan.source}", measure=self._count_landed, plan=plan)
        plan = split_days(plan, landed_days(self._landing), nights)
        self.home.remember(plan.values())
        return plan

    def _begin_schedule(self, plan: Plan) -> None:
        """Let the schedule begin with today's night and never end: it runs what is delivered from now on."""
        known, today = self.home.values(), dt.datetime.now(load_dataset(plan.dataset).zone).date()
        if known.get(LAST_NIGHT) or not known.get(FIRST_NIGHT):
            self.home.remember({FIRST_NIGHT: str(first_scheduled(plan, today)), LAST_NIGHT: "", **plan.values()})

    def _landed_nights(self, plan: Plan) -> list[dt.date]:
        """Return the nights of the plan whose day has landed: a day that was passed over has none."""
        landed = set(landed_days(self._landing))
        return [night for night in plan.nights if night in landed]

    def _open_shop(self, plan: Plan, nights: int) -> Plan:
        """Let the demo shop deliver its days up to `nights` after those that there are."""
        known = plan.last_night or plan.history_to
        first = OPENING if plan.last_night is None else plan.last_night + DAY
        last = (known or OPENING) + DAY * nights
        arguments = ["--from", str(first), "--to", str(last), *plan.shop]
        before = (first - OPENING).days
        self._do(
            "demo_shop",
            arguments,
            "opening the demo shop" if not before else f"the demo shop's next days, {first} to {last}",
            total=(last - first).days + 1,
            measure=lambda: self._count_landed() - before,
            plan=plan,
        )
        plan = replace(plan, last_night=last)
        self.home.remember(plan.values())
        return plan

    def _next_nights(self, plan: Plan) -> Plan:
        """Return the plan with the days that are new: of the demo shop, of a newer export, or of a delivery."""
        if plan.generated:
            return self._open_shop(plan, self.request.nights or DEFAULT_NIGHTS)
        if plan.source and plan.source.exists():
            arguments = ["--source", str(plan.source)]
            done = self._do("land", arguments, f"landing what is new in {plan.source}", plan=plan)
            self._ingest_again(done)
        new = [day for day in landed_days(self._landing) if plan.last_night and day > plan.last_night]
        if not new:
            self.display.say(
                f"Every night of {plan.source} is done, the last is {plan.last_night}. "
                f"Name a newer export (SOURCE=...), or deliver the next days to {self._landing.uri}.",
                style="green",
            )
            return plan
        self.display.say(f"{len(new)} new days, {new[0]} to {new[-1]}")
        plan = replace(plan, last_night=new[-1])
        self.home.remember(plan.values())
        return plan

    def _ingest_again(self, landed: Mapping[str, Any]) -> None:
        """Say which delivered days the newer export has otherwise, and ingest them as they are now."""
        days = sorted({day for table in landed.values() for day in table.get("replaced", ())})
        ingested = ingested_days(self._lake, [dt.date.fromisoformat(day) for day in days])
        if not ingested:
            return
        self.display.say(
            f"{len(days)} days that had been ingested are otherwise in the newer export: {', '.join(days)}. "
            "They are ingested again; lists that were served stay as they were.",
            style="yellow",
        )
        for day in ingested:
            self._do("ingest", ["--tables", *TABLES, "--date", str(day)], f"ingesting {day} again")

    def _start(self, stack: Stack) -> None:
        with self.display.work("starting PostgreSQL and Airflow") as work:
            stack.start()
            work.update(note="Airflow goes on starting meanwhile")
        self._do("migrate", [], "preparing the schema reco")

    def _ingest_history(self, plan: Plan) -> None:
        """Bring the days before the first night into the lake, those that are not there yet."""
        history = [day for day in landed_days(self._landing) if plan.history_to is None or day <= plan.history_to]
        done = set(ingested_days(self._lake, history))
        missing = [day for day in history if day not in done]
        if not missing:
            return
        arguments = ["--tables", *TABLES, "--from", str(missing[0]), "--to", str(missing[-1])]
        self._do(
            "ingest",
            arguments,
            f"ingesting the history, {missing[0]} to {missing[-1]}",
            total=len(missing),
            measure=lambda: len(ingested_days(self._lake, missing)),
        )

    def _do(
        self,
        name: str,
        arguments: Sequence[str],
        title: str,
        *,
        total: int | None = None,
        measure: Callable[[], int] | None = None,
        plan: Plan | None = None,
    ) -> dict[str, Any]:
        """Run a job, show it and return its result; `plan` says whose data it handles before the stack file does."""
        variables = {
            **self.home.environment(self.environment),
            **JOB_VARIABLES,
            "JAVA_HOME": str(find_java(self.environment)),
            **({DATASET: plan.dataset} if plan else {}),
        }
        with (
            self.display.work(title, total, "days" if measure else "") as work,
            Job(name, arguments, variables, self.home.job_logs) as job,
        ):
            return job.follow(work, measure)

    def _count_landed(self) -> int:
        return len(landed_days(self._landing))

    @cached_property
    def _lake(self) -> Lake:
        return self._open(self._settings().lake_uri)

    @cached_property
    def _landing(self) -> Lake:
        return self._open(self._settings().landing_uri)

    def _open(self, uri: str) -> Lake:
        return open_lake(uri, load_s3_settings(self.home.environment(self.environment)))

    def _settings(self) -> Settings:
        return load_settings(self.home.environment(self.environment))


def wait_until_ready(stack: Stack, display: Display) -> None:
    """Wait for Airflow, and give it what the DAGs need there."""
    with display.work("waiting for Airflow") as work:
        stack.airflow.wait_until_ready(lambda awaited: work.update(note=awaited))
        work.update(note="")
    api = stack.airflow.api()
    for name, pool in json.loads(POOLS.read_text()).items():
        api.set_pool(name, pool["slots"], pool["description"])
