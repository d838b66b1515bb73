"""The verdict on a watched day: judged by its checks, with a page in the lake and a row in the database."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from include.lake import Content, find_or_make
from include.monitoring.data_drift import DataDrift
from include.monitoring.judge import judge_day
from include.monitoring.performance import Comparison
from include.monitoring.report import render
from include.monitoring.verdict import Kind
from include.night.watched_day import WatchedDay
from include.serving.database import WRITER, connect
from include.serving.drift import DriftReport, record_report, served_batches
from include.settings import Settings

PAGES = "drift_reports"


def find_or_judge(
    settings: Settings,
    watched: WatchedDay,
    data: dict[str, Any],
    predictions: dict[str, Any],
    performance: dict[str, Any],
) -> DriftReport:
    """Return the day's verdict: the one that was recorded, or one made now by the day's checks."""
    if watched.report is not None:
        return watched.report
    signals, verdict = judge_day(
        watched.day,
        watched.live,
        performance["previous_batch"],
        watched.promoted,
        DataDrift.from_json(data["drift"]),
        Comparison.from_json(performance["comparison"]),
        watched.history,
        watched.drift,
        Comparison.from_json(performance["purchases"]),
    )
    signals = replace(signals, events=watched.events.manifest.fingerprint)
    page = render(signals, verdict, watched.drift, then=data["then"], now=data["now"], predictions=predictions)
    report = DriftReport(
        day=watched.day,
        variant=watched.policy.publish.variant,
        batch_id=signals.batch_id,
        model_version=signals.model_version,
        verdict=str(verdict.kind),
        automatic=verdict.automatic,
        target=signals.previous_batch if verdict.kind == Kind.ROLLBACK else None,
        since=verdict.since,
        reasons=verdict.reasons,
        signals=signals.as_json(),
        report=_store(watched, page),
    )
    with connect(settings.database_url, "verdict", role=WRITER) as connection:
        now = served_batches(connection, report.variant, dt.date.max)[0]
        if verdict.kind == Kind.ROLLBACK and now.model_version != report.model_version:  # a model that was never judged
            note = f"model {now.model_version} of batch {now.batch_id} is live since: there is nothing to go back from"
            report = replace(report, target=None, reasons=[*report.reasons, note])
        return record_report(connection, report)


def _store(watched: WatchedDay, page: str) -> str:
    """Write the day's page into the lake and return its URI; equal pages have equal names."""

    def write(staged: str) -> Content:
        watched.lake.write_bytes(f"{staged}/report.html", page.encode())
        return Content(["report.html"])

    (path,) = find_or_make(watched.lake, PAGES, watched.day, {"page": page}, write).paths()
    return watched.lake.uri_of(path)
