"""The drift watch's rows: one verdict a day, append-only, and what became of it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from include.monitoring.judge import LiveBatch
from include.serving.decisions import Decision, record_decision
from include.serving.statements import run

if TYPE_CHECKING:
    from include.serving.database import Connection

Outcome = Literal["done", "asked", "nothing to do", "held", "failed"]
ASK = "ask_rollback"


@dataclass(frozen=True)
class DriftReport:
    """One day's verdict; `target` is the batch of a rollback, `since` the first day of what is new for a retrain."""

    day: dt.date
    variant: str
    batch_id: str
    model_version: str
    verdict: str
    automatic: bool
    target: str | None
    since: dt.date | None
    reasons: list[str]
    signals: dict[str, Any]
    report: str

    @property
    def task(self) -> str:
        """The task that carries the verdict out; there is none for a rollback without a target."""
        if self.verdict != "rollback":
            return self.verdict
        return ("rollback" if self.automatic else ASK) if self.target else "nothing"


def record_report(connection: Connection, report: DriftReport) -> DriftReport:
    """Store the verdict, and a decision about the model if it is one; return it, or the one that was made before."""
    values = {**vars(report), "signals": json.dumps(report.signals, sort_keys=True, allow_nan=False)}
    with connection, connection.cursor() as cursor:
        run(cursor, "drift_report/insert", **values)
    stands = find_report(connection, report.variant, report.day) or report
    verdict: Any = stands.verdict
    if verdict in ("retrain", "hold"):  # a rollback leaves its own row when it is carried out
        decision = Decision(
            run_date=stands.day,
            variant=stands.variant,
            kind=verdict,
            model_version=stands.model_version,
            champion=stands.model_version,
            reasons=stands.reasons,
            fingerprint=f"drift_watch {stands.day}",
        )
        record_decision(connection, decision)
    return stands


def find_report(connection: Connection, variant: str, day: dt.date) -> DriftReport | None:
    """Return the verdict of a day, None when there is none yet."""
    with connection, connection.cursor() as cursor:
        rows = run(cursor, "drift_report/find", variant=variant, day=day)
    return DriftReport(*rows[0]) if rows else None


def latest_report(connection: Connection, variant: str, day: dt.date) -> DriftReport | None:
    """Return the verdict on the last judged day up to `day`, None when none was judged."""
    with connection, connection.cursor() as cursor:
        rows = run(cursor, "drift_report/latest", variant=variant, day=day)
    return DriftReport(*rows[0]) if rows else None


def read_history(connection: Connection, variant: str, day: dt.date, days: int) -> list[Mapping[str, Any]]:
    """Return the signals of the `days` days before `day`, oldest first, each with its verdict."""
    since = day - dt.timedelta(days=days)
    with connection, connection.cursor() as cursor:
        return [signals for (signals,) in run(cursor, "drift_report/history", variant=variant, day=day, since=since)]


def served_batches(connection: Connection, variant: str, day: dt.date) -> list[LiveBatch]:
    """Return the batches of nights before `day` that were live, the last one first: that one served the day."""
    with connection, connection.cursor() as cursor:
        return [LiveBatch(*row) for row in run(cursor, "drift_report/served", variant=variant, day=day)]


def record_outcome(connection: Connection, variant: str, day: dt.date, outcome: Outcome, detail: str) -> None:
    """Write down what became of a verdict, once."""
    with connection, connection.cursor() as cursor:
        run(cursor, "drift_outcome/insert", variant=variant, day=day, outcome=outcome, detail=detail)
