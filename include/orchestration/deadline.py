"""Tells people when a night is not live by its hour, from within Airflow.

The scheduler notices, the triggerer tells. It knows of nights that have begun: that none began at all, or that Airflow
itself is down, only Prometheus' rule `ShelfNotFresh` notices, at the same hour (`NIGHTSHELF_FRESH_BY`).
"""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import BaseDeadlineReference, DeadlineAlert

from include.orchestration.notify import Message, deliver
from include.orchestration.schedule import NIGHTLY_HOUR
from include.settings import Settings, load_settings


def shelf_deadline(begins: BaseDeadlineReference, settings: Settings) -> DeadlineAlert | None:
    """Return the deadline of the nights; None where nobody would be told.

    Parameters
    ----------
    begins
        When a night was to begin, the plugin's `NightBegins`.
    """
    if not (settings.slack_webhook.get_secret_value() or settings.smtp_url.get_secret_value()):
        return None
    day = dt.date.min
    hours = dt.datetime.combine(day, settings.fresh_by) - dt.datetime.combine(day, dt.time(NIGHTLY_HOUR))
    return DeadlineAlert(reference=begins, interval=hours, callback=AsyncCallback(tell_late), name="fresh by")


async def tell_late(context: dict[str, Any]) -> None:
    """Tell that the run of `context` has not ended by its hour; the sending, which waits, is done in a thread."""
    settings = load_settings()
    await asyncio.to_thread(deliver, late_night(context, settings), settings)


def late_night(context: dict[str, Any], settings: Settings) -> Message:
    """Return what is known of a night that is late."""
    from airflow.sdk.configuration import conf

    run = context["dag_run"]
    dag_id, run_id, hour = run["dag_id"], run["dag_run_id"], f"{settings.fresh_by:%H:%M}"
    link = f"{conf.get('api', 'base_url', fallback='').rstrip('/')}/dags/{dag_id}/runs/{run_id}"
    return Message(
        subject=f"Nightshelf: the shelf is not fresh at {hour} UTC ({run_id})",
        text=f"{dag_id} is {run['state']}; unless publish is done, readers see an earlier night's batch.\n\n"
        f"Run: {link}\nWhat to do: docs/runbook.md#shelfnotfresh\n",
    )
