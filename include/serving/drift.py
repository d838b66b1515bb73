"""The drift watch's rows: one verdict a day, append-only, and what became of it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from include.monitoring.judge import LiveBatch
from include.serving.decisions import Decision, record_decision
from include.serving.statements import statement

if TYPE_CHECKING:
    from include.serving.database import Connection

Outcome = Literal["done", "asked", "nothing to do", "held", "failed"]
STORED = "stored"
ASK = "ask_rollback"
# Verdicts that are decisions about the model by themselves; a rollback leaves its own row when it is carried out
DECISIONS = ("retrain", "hold")


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
    values = {**asdict(report), "signals": json.dumps(report.signals, sort_keys=True, allow_nan=False)}
    with connection, connection.cursor() as cursor:
        cursor.execute(statement("drift_report/insert"), values)
    stands = find_report(connection, report.variant, report.day)
    stands = report if stands is None else stands
    if stands.verdict in DECISIONS:
        record_decision(connection, _decision(stands))
    return stands


def find_report(connection: Connection, variant: str, day: dt.date) -> DriftReport | None:
    """Return the verdict of a day, None when there is none yet."""
    with connection, connection.cursor() as cursor:
        cursor.execute(statement("drift_report/find"), {"variant": variant, "day": day})
        row = cursor.fetchone()
    return None if row is None else DriftReport(*row)


def read_history(connection: Connection, variant: str, day: dt.date, days: int) -> list[Mapping[str, Any]]:
    """Return the signals of the `days` days before `day`, oldest first, each with its verdict."""
    values = {"variant": variant, "day": day, "since": day - dt.timedelta(days=days)}
    with connection, connection.cursor() as cursor:
        cursor.execute(statement("drift_report/history"), values)
        return [signals for (signals,) in cursor.fetchall()]


def served_batches(connection: Connection, variant: str, day: dt.date) -> list[LiveBatch]:
    """Return the batches of nights before `day` that were live, the last one first: that one served the day."""
    with connection, connection.cursor() as cursor:
        cursor.execute(statement("drift_report/served"), {"variant": variant, "day": day})
        return [LiveBatch(batch, run_date, version, state == STORED) for batch, run_date, version, state, _ in cursor]


def record_outcome(connection: Connection, variant: str, day: dt.date, outcome: Outcome, detail: str) -> None:
    """Write down what became of a verdict, once."""
    values = {"variant": variant, "day": day, "outcome": outcome, "detail": detail}
    with connection, connection.cursor() as cursor:
        cursor.execute(statement("drift_outcome/insert"), values)


def _decision(report: DriftReport) -> Decision:
    kind: Any = report.verdict
    return Decision(
        run_date=report.day,
        variant=report.variant,
        kind=kind,
        model_version=report.model_version,
        champion=report.model_version,
        reasons=report.reasons,
        fingerprint=f"drift_watch {report.day}",
    )
