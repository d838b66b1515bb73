r"""Decide what is done about a day: nothing, retrain, rollback, or hold because the feed is broken.

    python -m jobs.verdict --date 2026-11-20 --data drift/2026-11-20/data-0123456789ab \
        --predictions drift/2026-11-20/predictions-0123456789ab --performance drift/2026-11-20/performance-0123456789ab

A verdict on a day is made once: running the job again shows it. It leaves a row in reco.drift_reports, a page with
plots in the lake, and for retrain and hold a row in reco.model_decisions. The result's `decision` is the next task.
"""

from __future__ import annotations

import argparse
import datetime as dt
import logging
import sys
from dataclasses import replace
from typing import Any

from include.lake import Content, find_or_make, open_artifact
from include.monitoring.data_drift import DataDrift
from include.monitoring.fallback import Candidate
from include.monitoring.judge import judge_day
from include.monitoring.performance import Comparison
from include.monitoring.report import render
from include.monitoring.verdict import Kind, next_task
from include.serving.database import WRITER, connect
from include.serving.drift import DriftReport, record_report, served_batches
from include.serving.watched_day import WatchedDay, open_day
from include.settings import Settings
from jobs import _command

logger = logging.getLogger("nightshelf.verdict")

PAGES = "drift_reports"
PARTS = ("data", "predictions", "performance")
SAID = 3  # reasons in the result


def arguments() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = _command.parser(__doc__)
    _command.add_date(parser)
    for part in PARTS:
        parser.add_argument(f"--{part}", required=True, help=f"folder in the lake, drift/<day>/{part}-<fingerprint>")
    return parser


def run(settings: Settings, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the day's verdict, made now unless it was made before."""
    watched = open_day(settings, arguments.date)
    report = watched.report
    if report is None:
        parts = {part: open_artifact(watched.lake, getattr(arguments, part)).read_json() for part in PARTS}
        report = supersede(settings, make_report(watched, parts))
        with connect(settings.database_url, "verdict", role=WRITER) as connection:
            report = record_report(connection, report)
    for reason in report.reasons:
        logger.info("%s: %s", report.verdict, reason)
    logger.info("the day's page: %s", report.report)
    return {
        "decision": next_task(report.verdict, report.automatic, report.target),
        "verdict": report.verdict,
        "reason": "; ".join(report.reasons[:SAID]),
        "target": report.target or "",
        "since": (report.since or report.day).isoformat(),
        "report": report.report,
    }


def make_report(watched: WatchedDay, parts: dict[str, dict[str, Any]]) -> DriftReport:
    """Judge the day by its checks and write its page."""
    data, performance, live = parts["data"], parts["performance"], watched.live
    signals, verdict = judge_day(
        watched.day,
        Candidate(live.batch_id, live.run_date, live.model_version),
        performance["previous_batch"],
        watched.promoted,
        DataDrift.from_json(data["drift"]),
        Comparison.from_json(performance["comparison"]),
        watched.history,
        watched.drift,
        Comparison.from_json(performance["purchases"]),
    )
    page = render(signals, verdict, watched.drift, then=data["then"], now=data["now"], predictions=parts["predictions"])
    return DriftReport(
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
        report=store_page(watched, page),
    )


def supersede(settings: Settings, report: DriftReport) -> DriftReport:
    """Return the report without a target if a later night has put another model live since: it was never judged."""
    if report.verdict != Kind.ROLLBACK:
        return report
    with connect(settings.database_url, "verdict") as connection:
        now = served_batches(connection, report.variant, dt.date.max)[0]
    if now.model_version == report.model_version:
        return report
    note = f"model {now.model_version} of batch {now.batch_id} is live since: there is nothing to go back from"
    return replace(report, target=None, reasons=[*report.reasons, note])


def store_page(watched: WatchedDay, page: str) -> str:
    """Write the day's page into the lake and return its URI; equal pages have equal names."""

    def write(staged: str) -> Content:
        watched.lake.write_bytes(f"{staged}/report.html", page.encode())
        return Content(["report.html"])

    return f"{find_or_make(watched.lake, PAGES, watched.day, {'page': page}, write).uri}/report.html"


if __name__ == "__main__":
    sys.exit(_command.main(arguments().parse_args, run))
