"""Sends the nightly report by e-mail, once, where somebody wants it."""

from __future__ import annotations

import logging

from airflow.sdk import Context

from include.errors import NightshelfError
from include.orchestration.notify import Message, mail
from include.settings import Settings, load_settings

logger = logging.getLogger(__name__)


def mail_report(context: Context) -> None:
    """Send the page that a task wrote just now; a page that was there before was sent when it was written."""
    settings = load_settings()
    if not (settings.report_to and settings.smtp_url.get_secret_value()):
        return
    result = context["ti"].xcom_pull(task_ids=context["ti"].task_id) or {}
    if result.get("made"):
        try:
            send(str(result["report"]), settings)
        except NightshelfError as error:
            logger.warning("the report is not mailed: %s", error)


def send(path: str, settings: Settings) -> None:
    """Send a page of the lake to those who get the reports.

    Raises
    ------
    LakeError
        When the page cannot be read.
    """
    from include.lake import open_lake

    lake = open_lake(settings.lake_uri)
    night = path.split("/")[1][:10]
    message = Message(
        subject=f"Nightshelf: the night of {night}",
        text=f"The report of that night is attached; it opens in any browser. In the lake: {lake.uri_of(path)}",
        attached=lake.read_bytes(path),
    )
    mail(message, settings.model_copy(update={"mail_to": settings.report_to}))
