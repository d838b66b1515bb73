"""Decide what is done about a day: nothing, retrain, rollback, or hold because the feed is broken.

    python -m jobs.verdict --date 2026-11-20 --data drift/2026-11-20/data-0123456789ab \
        --predictions drift/2026-11-20/predictions-0123456789ab --performance drift/2026-11-20/performance-0123456789ab

A verdict on a day is made once: running the job again shows it. It leaves a row in reco.drift_reports, a page with
plots in the lake, and for retrain and hold a row in reco.model_decisions. The result's `decision` is the task to go
on with.
"""

from __future__ import annotations

import argparse
import datetime as dt
import logging
import math
import sys
from typing import Any

from include.lake import commit_file
from include.lake.manifest import fingerprint
from include.monitoring.data_drift import DataDrift
from include.monitoring.performance import Comparison
from include.monitoring.report import render
from include.monitoring.verdict import Kind, Signals, Verdict, decide
from include.serving.database import WRITER, connect
from include.serving.drift import DriftReport, record_report
from include.settings import Settings
from jobs import _command
from jobs._watch import WatchedDay, open_day, read_part

logger = logging.getLogger("nightshelf.verdict")

ROOT = "drift_reports"
ASK = "ask_rollback"
SAID = 3  # reasons in the result


def arguments() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = _command.parser(__doc__)
    _command.add_date(parser)
    for part in ("data", "predictions", "performance"):
        parser.add_argument(f"--{part}", required=True, help=f"folder in the lake, drift/<day>/{part}-<fingerprint>")
    return parser


def run(settings: Settings, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the day's verdict, made now unless it was made before."""
    watched = open_day(settings, arguments.date)
    report = watched.report or make(settings, watched, arguments)
    for reason in report.reasons:
        logger.info("%s: %s", report.verdict, reason)
    logger.info("the day's page: %s", report.report)
    return {
        "decision": next_task(report),
        "verdict": report.verdict,
        "reason": "; ".join(report.reasons[:SAID]),
        "target": report.target or "",
        "since": (report.since or report.day).isoformat(),
        "report": report.report,
    }


def next_task(report: DriftReport) -> str:
    """Return the task that carries the verdict out."""
    if report.verdict == Kind.ROLLBACK:
        return ("rollback" if report.automatic else ASK) if report.target else str(Kind.NOTHING)
    return report.verdict


def make(settings: Settings, watched: WatchedDay, arguments: argparse.Namespace) -> DriftReport:
    """Decide, write the page and record the verdict."""
    data, performance = read_part(watched.lake, arguments.data), read_part(watched.lake, arguments.performance)
    predictions = read_part(watched.lake, arguments.predictions)
    signals = Signals(
        day=watched.day,
        batch_id=watched.live.batch_id,
        model_version=watched.live.model_version,
        data=DataDrift.from_json(data["drift"]),
        comparison=Comparison.from_json(performance["comparison"]),
        purchases=Comparison.from_json(performance["purchases"]),
        nights_since_promotion=nights_since_promotion(watched),
        previous_batch=performance["previous_batch"],
    )
    verdict = decide([*watched.history, signals], watched.drift)
    page = render(signals, verdict, watched.drift, then=data["then"], now=data["now"], predictions=predictions)
    uri = store_page(watched, page)
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
        signals=finite(signals.as_json()),
        report=uri,
    )
    with connect(settings.database_url, "verdict", role=WRITER) as connection:
        return record_report(connection, superseded(watched, report, settings, verdict))


def superseded(watched: WatchedDay, report: DriftReport, settings: Settings, verdict: Verdict) -> DriftReport:
    """Return the report without a target if a later night has put another model live since: it was never judged."""
    from dataclasses import replace

    from include.serving.drift import served_batches

    if verdict.kind != Kind.ROLLBACK:
        return report
    with connect(settings.database_url, "verdict") as connection:
        now = served_batches(connection, report.variant, dt.date.max)[0]
    if now.model_version == report.model_version:
        return report
    note = f"model {now.model_version} of batch {now.batch_id} is live since: there is nothing to go back from"
    return replace(report, target=None, reasons=[*report.reasons, note])


def nights_since_promotion(watched: WatchedDay) -> int:
    """Return for how many days the model has been live: 1 on its first day."""
    nights = [one.run_date for one in watched.served if one.model_version == watched.live.model_version]
    return (watched.day - min(nights)).days


def store_page(watched: WatchedDay, page: str) -> str:
    """Write the day's page into the lake and return its URI; equal pages have equal names."""
    tag = fingerprint({"page": page})
    folder = f"{ROOT}/{watched.day}-{tag}"
    manifest = commit_file(watched.lake, folder, "report.html", page.encode(), fingerprint=tag)
    return watched.lake.uri_of(f"{folder}/{manifest.paths()[0]}")


def finite(value: Any) -> Any:
    """Return `value` with null where a number is not finite: JSON has no NaN."""
    if isinstance(value, dict):
        return {name: finite(one) for name, one in value.items()}
    if isinstance(value, list):
        return [finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


if __name__ == "__main__":
    sys.exit(_command.main(arguments(), run))
