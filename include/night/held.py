"""Hold means hold: a night that people hold, or that learns from a feed which the watch calls broken, stops.

It neither trains nor promotes nor publishes.
"""

from __future__ import annotations

import datetime as dt
import logging

from include.columns import EVENTS
from include.contract import load_policy
from include.errors import ValidationError
from include.lake import find_manifest, open_lake, partition_folder
from include.monitoring.verdict import Kind
from include.serving.database import connect
from include.serving.drift import latest_report
from include.serving.holds import last_word
from include.serving.overrides import find_overrides
from include.settings import Settings

logger = logging.getLogger(__name__)

CHECK, RELEASE = "hold", "release"


def raise_if_held(settings: Settings, run_date: dt.date) -> None:
    """Stop the night of `run_date` while people hold that day, or the watch that one or the last it has judged before.

    People's last word decides. The watch's hold ends when the day's events are ingested again with other content, when
    a later day is judged to be sound, or when somebody overrides it, for the held day or for this night.

    Raises
    ------
    ValidationError
        With why people hold it, or what is wrong with the feed.
    """
    variant = load_policy(settings).publish.variant
    with connect(settings.database_url, "hold") as connection:
        word, report = last_word(connection, variant, run_date), latest_report(connection, variant, run_date)
        if word is None and report is not None and report.day < run_date:
            earlier = last_word(connection, variant, report.day)
            word = earlier if earlier is not None and earlier.kind == RELEASE else None
        if word is not None and word.kind == RELEASE:
            logger.warning("%s is released: %s", word.run_date, "; ".join(word.reasons))
            return
        if word is not None:
            raise ValidationError(
                f"people hold {run_date}: {'; '.join(word.reasons)}",
                remedy="when it may go on, trigger the DAG hold with the answer release, and clear this task",
            )
        if report is None or report.verdict != Kind.HOLD:
            return
        nights = (find_overrides(connection, variant, day) for day in sorted({report.day, run_date}))
        why = next((reason for night in nights if (reason := night.of(CHECK))), None)
    lake, reasons = open_lake(settings.lake_uri), "; ".join(report.reasons)
    if why is not None:
        logger.warning("the watch holds %s (%s), but that is overridden: %s", report.day, reasons, why)
        return
    events = find_manifest(lake, partition_folder(EVENTS, report.day))
    judged = report.signals.get("events")
    if judged and events is not None and events.fingerprint != judged:
        logger.info("the watch held %s, whose events have been ingested anew since", report.day)
        return
    raise ValidationError(
        f"the drift watch holds {report.day}: {reasons}; page {report.report}",
        remedy="have that day delivered again and clear its `ingest` with downstream; or, if it really was like that, "
        f"trigger the DAG override for {report.day} with the check {CHECK} and clear this task",
    )
