"""When the nights run, and what happens to a task that fails."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from airflow.sdk import CronDataIntervalTimetable

from include.contract import load_dataset
from include.orchestration.last_words import say_why, say_why_again
from include.orchestration.notify import tell_on_call
from include.orchestration.silence import tell_of_silent_tasks
from include.settings import Settings, load_settings

NIGHTLY_CRON = "0 2 * * *"
NIGHTLY_HOUR = 2

# Errors of data and configuration do not come here: the operator fails them at once.
DEFAULT_ARGS: dict[str, Any] = {
    "owner": "nightshelf",
    "retries": load_settings().retries,
    "retry_delay": dt.timedelta(minutes=1),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": dt.timedelta(minutes=15),
    "execution_timeout": dt.timedelta(hours=3),
    "on_failure_callback": [tell_on_call, say_why],  # the log ends with the why
    "on_retry_callback": say_why_again,
}

EVERY_DAG: dict[str, Any] = {"default_args": DEFAULT_ARGS, "on_failure_callback": tell_of_silent_tasks}

# A DAG that on-call triggers; they should not have to find the switch first.
BY_HAND: dict[str, Any] = {
    "tags": ["by hand"],
    "schedule": None,
    "is_paused_upon_creation": False,
    "catchup": False,
    "max_active_runs": 1,
    **EVERY_DAG,
}

# A question that a person answers within a day. Airflow may lose an answer given in the first seconds
# (docs/runbook.md); then it asks again.
QUESTION: dict[str, Any] = {
    "response_timeout": dt.timedelta(days=1),
    "execution_timeout": None,
    "retries": 10,
    "retry_delay": dt.timedelta(seconds=5),
    "retry_exponential_backoff": 0,
}


def shop_zone(settings: Settings) -> ZoneInfo:
    """Return the time zone of the shop's days, as the mapping of its data set says."""
    return load_dataset(settings.dataset).zone


def nightly_schedule(settings: Settings) -> dict[str, Any]:
    """Return the DAG arguments that say when the nights run.

    The run that starts on D+1 at 02:00 of the shop's time has the interval from D 02:00 and handles
    `ingest_date=D`. Without `first_night` the last complete night is run and nothing before
    it; with it, every night since, in order, up to and with `last_night`.
    """
    first, last, zone = settings.first_night, settings.last_night, shop_zone(settings)
    return {
        "schedule": CronDataIntervalTimetable(NIGHTLY_CRON, timezone=zone.key),
        "start_date": dt.datetime.combine(first, dt.time(), tzinfo=zone) if first else None,
        "end_date": dt.datetime.combine(last, dt.time(23, 59, 59), tzinfo=zone) if last else None,
        "catchup": first is not None,
        "max_active_runs": 1,
    }
