"""The gate's decisions: one append-only row each, and the champions that follow from them."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from include.serving.statements import statement

if TYPE_CHECKING:
    from include.serving.database import Connection


@dataclass(frozen=True)
class Decision:
    """What the gate decided about one challenger, and why.

    Parameters
    ----------
    kind
        `promote`: the challenger becomes champion; `keep`: the incumbent stays.
    model_version
        The challenger's version.
    incumbent
        The champion's version before, None when there was none.
    fingerprint
        Names the evaluation that the decision rests on.
    """

    run_date: dt.date
    variant: str
    kind: Literal["promote", "keep"]
    model_version: str
    incumbent: str | None
    reasons: list[str]
    metrics: dict[str, Any] = field(default_factory=dict)
    fingerprint: str = ""


def record_decision(connection: Connection, decision: Decision) -> Decision:
    """Store `decision` and commit; return it, or the one that was taken before on the same evaluation.

    The first decision for a variant, run date, version and fingerprint stands, so that a cleared
    gate answers as it did.
    """
    values = {
        "run_date": decision.run_date,
        "variant": decision.variant,
        "kind": decision.kind,
        "model_version": decision.model_version,
        "incumbent": decision.incumbent,
        "reasons": decision.reasons,
        "metrics": json.dumps(decision.metrics, sort_keys=True),
        "fingerprint": decision.fingerprint,
    }
    with connection, connection.cursor() as cursor:
        cursor.execute(statement("model_decision/insert"), values)
        cursor.execute(statement("model_decision/find"), values)
        row = cursor.fetchone()
    return decision if row is None else Decision(*row)


def find_decision(connection: Connection, variant: str, run_date: dt.date) -> Decision | None:
    """Return the newest decision of a night, None when there is none."""
    with connection, connection.cursor() as cursor:
        cursor.execute(statement("model_decision/find_night"), {"variant": variant, "run_date": run_date})
        row = cursor.fetchone()
    return None if row is None else Decision(*row)


def champion_before(connection: Connection, variant: str, run_date: dt.date) -> str | None:
    """Return the version promoted last in a night before `run_date`: the one a challenger must beat."""
    return next(iter(_promoted(connection, variant, run_date - dt.timedelta(days=1))), None)


def champion_as_of(connection: Connection, variant: str, run_date: dt.date) -> str | None:
    """Return the version promoted last in the night of `run_date` or before: the one that serves it."""
    return next(iter(_promoted(connection, variant, run_date)), None)


def champions(connection: Connection, variant: str) -> list[str]:
    """Return every version that was ever promoted, newest promotion first, each once."""
    return list(dict.fromkeys(_promoted(connection, variant, dt.date.max)))


def _promoted(connection: Connection, variant: str, up_to: dt.date) -> list[str]:
    with connection, connection.cursor() as cursor:
        cursor.execute(statement("model_decision/promoted"), {"variant": variant, "up_to": up_to})
        return [version for (version,) in cursor.fetchall()]
