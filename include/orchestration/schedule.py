"""When the nights run, and what happens to a task that fails."""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow.sdk import CronDataIntervalTimetable

from include.orchestration.notify import tell_on_call
from include.settings import Settings

NIGHTLY_CRON = "0 2 * * *"
NIGHTLY_HOUR = 2

# Errors of data and configuration do not come here: the operator fails them at once.
DEFAULT_ARGS: dict[str, Any] = {
    "owner": "nightshelf",
    "retries": 2,
    "retry_delay": dt.timedelta(minutes=1),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": dt.timedelta(minutes=15),
    "execution_timeout": dt.timedelta(hours=3),
    "on_failure_callback": tell_on_call,
}


def nightly_schedule(settings: Settings) -> dict[str, Any]:
    """Return the DAG arguments that say when the nights run.

    The run that starts on D+1 at 02:00 UTC has the interval from D 02:00 and handles
    `ingest_date=D`. Without `first_night` the last complete night is run and nothing before
    it; with it, every night since, in order, up to and with `last_night`.
    """
    first, last = settings.first_night, settings.last_night
    return {
        "schedule": CronDataIntervalTimetable(NIGHTLY_CRON, timezone="UTC"),
        "start_date": dt.datetime.combine(first, dt.time(), tzinfo=dt.UTC) if first else None,
        "end_date": dt.datetime.combine(last, dt.time(23, 59, 59), tzinfo=dt.UTC) if last else None,
        "catchup": first is not None,
        "max_active_runs": 1,
    }
