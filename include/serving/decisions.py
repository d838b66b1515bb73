"""Decisions about models: one append-only row each, and the champions that follow from them."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from include.serving.statements import statement

if TYPE_CHECKING:
    from include.serving.database import Connection

POPULARITY = "popularity"  # what a batch says instead of a model's version when it was made without one


@dataclass(frozen=True)
class Decision:
    """What the gate decided about one challenger, or people about what serves, and why.

    Parameters
    ----------
    kind
        `promote`: the challenger becomes champion; `keep`: the champion stays; `rollback`: people went to the
        model of a kept batch; `refused`: people refused to.
    model_version
        The challenger's version; for people's decisions the one that serves from then on.
    champion
        The version before, None when there was none.
    fingerprint
        Names the evaluation that the decision rests on, or people's request.
    """

    run_date: dt.date
    variant: str
    kind: Literal["promote", "keep", "rollback", "refused"]
    model_version: str
    champion: str | None
    reasons: list[str]
    metrics: dict[str, Any] = field(default_factory=dict)
    fingerprint: str = ""


def record_decision(connection: Connection, decision: Decision) -> Decision:
    """Store `decision` and commit; return it, or the one that was taken before on the same evaluation.

    The first decision for a variant, run date, version and fingerprint stands, so that a cleared
    gate answers as it did.
    """
    with connection, connection.cursor() as cursor:
        return insert_decision(cursor, decision)


def insert_decision(cursor: Any, decision: Decision) -> Decision:
    """Do the same in the transaction of `cursor`."""
    values = {
        "run_date": decision.run_date,
        "variant": decision.variant,
        "kind": decision.kind,
        "model_version": decision.model_version,
        "incumbent": decision.champion,
        "reasons": decision.reasons,
        "metrics": json.dumps(decision.metrics, sort_keys=True),
        "fingerprint": decision.fingerprint,
    }
    cursor.execute(statement("model_decision/insert"), values)
    cursor.execute(statement("model_decision/find"), values)
    row = cursor.fetchone()
    return decision if row is None else Decision(*row)


def find_decision(connection: Connection, variant: str, run_date: dt.date) -> Decision | None:
    """Return the gate's newest decision of a night, None when there is none."""
    with connection, connection.cursor() as cursor:
        cursor.execute(statement("model_decision/find_night"), {"variant": variant, "run_date": run_date})
        row = cursor.fetchone()
    return None if row is None else Decision(*row)


def champion_before(connection: Connection, variant: str, run_date: dt.date) -> str | None:
    """Return the champion before the night of `run_date`, the one a challenger must beat.

    It is the version promoted last, or the one that people rolled back to since; None when there is none.
    """
    return next(iter(_promoted(connection, variant, run_date - dt.timedelta(days=1))), None)


def champion_as_of(connection: Connection, variant: str, run_date: dt.date) -> str | None:
    """Return the champion after the night of `run_date`, the one that serves it; as `champion_before`."""
    return next(iter(_promoted(connection, variant, run_date)), None)


def champions(connection: Connection, variant: str) -> list[str | None]:
    """Return every version that was ever champion, the present one first, each once.

    None stands for popularity without a model: people can roll back to a batch of that kind.
    """
    return list(dict.fromkeys(_promoted(connection, variant, dt.date.max)))


def _promoted(connection: Connection, variant: str, up_to: dt.date) -> list[str | None]:
    with connection, connection.cursor() as cursor:
        cursor.execute(statement("model_decision/promoted"), {"variant": variant, "up_to": up_to})
        return [None if version == POPULARITY else version for (version,) in cursor.fetchall()]
