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

from include.orchestration.notify import Message, deliver, run_url
from include.orchestration.runbook import runbook_url
from include.orchestration.schedule import NIGHTLY_HOUR, shop_zone
from include.settings import Settings, load_settings


def shelf_deadline(begins: BaseDeadlineReference, settings: Settings) -> DeadlineAlert | None:
    """Return the deadline of the nights, counted from `begins`; None where nobody would be told."""
    if not (settings.slack_webhook.get_secret_value() or settings.smtp_url.get_secret_value()):
        return None
    due = settings.fresh_by
    hours = dt.timedelta(hours=due.hour - NIGHTLY_HOUR, minutes=due.minute, seconds=due.second)
    return DeadlineAlert(reference=begins, interval=hours, callback=AsyncCallback(tell_late), name="fresh by")


async def tell_late(context: dict[str, Any]) -> None:
    """Tell that the run of `context` has not ended by its hour; a thread does the sending, which waits."""
    settings, run = load_settings(), context["dag_run"]
    dag_id, run_id, hour = run["dag_id"], run["dag_run_id"], f"{settings.fresh_by:%H:%M} {shop_zone(settings)}"
    message = Message(
        subject=f"Nightshelf: the shelf is not fresh at {hour} ({run_id})",
        text=f"{dag_id} is {run['state']}; unless publish is done, readers see an earlier night's batch.\n\n"
        f"Run: {run_url(dag_id, run_id)}\nRunbook: {runbook_url('ShelfNotFresh', settings)}\n",
    )
    await asyncio.to_thread(deliver, message, settings)
