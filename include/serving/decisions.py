"""Decisions about models: one append-only row each, and the champions that follow from them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from include.serving.statements import run

if TYPE_CHECKING:
    from include.serving.database import Connection

POPULARITY = "popularity"  # a batch's model version when it was made without a model


@dataclass(frozen=True)
class Decision:
    """What the gate decided about one challenger, or people about what serves, and why.

    Parameters
    ----------
    kind
        `promote`: the challenger becomes champion; `keep`: the champion stays; `rollback`: people went to the model of
        a kept batch; `refused`: people refused to; `retrain`: the drift watch's verdict; `hold`: the watch or people
        let the night publish nothing; `release`: people end that; `override`: people let the night go on although a
        check failed.
    model_version
        The challenger's version; for people's decisions the one that serves from then on.
    champion
        The version before, None when there was none.
    fingerprint
        Names the evaluation that the decision rests on, the request, or the check.
    """

    run_date: dt.date
    variant: str
    kind: Literal["promote", "keep", "rollback", "refused", "retrain", "hold", "release", "override"]
    model_version: str
    champion: str | None
    reasons: list[str]
    metrics: dict[str, Any] = field(default_factory=dict)
    fingerprint: str = ""


def record_decision(connection: Connection, decision: Decision) -> Decision:
    """Store `decision` and commit; return it, or the one taken before on the same evaluation.

    The first decision for a variant, run date, version and fingerprint stands, so a cleared gate answers as it did.
    """
    with connection, connection.cursor() as cursor:
        return insert_decision(cursor, decision)


def record_metrics(
    connection: Connection, decision: Decision, evaluation: str, rows: Iterable[Mapping[str, Any]]
) -> None:
    """Store what an evaluation measured of each model and commit; what is there stays.

    Parameters
    ----------
    rows
        See `include.night.figures.metric_rows`.
    """
    values = {
        "run_date": decision.run_date,
        "variant": decision.variant,
        "evaluation": evaluation,
        "challenger": decision.model_version,
        "k": decision.metrics["k"],
        "rows": json.dumps(list(rows)),
    }
    with connection, connection.cursor() as cursor:
        run(cursor, "model_metric/insert", **values)


def insert_decision(cursor: Any, decision: Decision) -> Decision:
    """Do the same in the transaction of `cursor`."""
    values = {**vars(decision), "metrics": json.dumps(decision.metrics, sort_keys=True)}
    run(cursor, "model_decision/insert", **values)
    rows = run(cursor, "model_decision/find", **values)
    return Decision(*rows[0]) if rows else decision


def find_decision(connection: Connection, variant: str, run_date: dt.date) -> Decision | None:
    """Return the gate's newest decision of a night, None when there is none."""
    with connection, connection.cursor() as cursor:
        rows = run(cursor, "model_decision/find_night", variant=variant, run_date=run_date)
    return Decision(*rows[0]) if rows else None


def champion_before(connection: Connection, variant: str, run_date: dt.date) -> str | None:
    """Return the champion before the night of `run_date`, the one a challenger must beat.

    It is the version promoted last, or the one that people rolled back to since; None when there is none.
    """
    return champion_as_of(connection, variant, run_date - dt.timedelta(days=1))


def champion_as_of(connection: Connection, variant: str, run_date: dt.date) -> str | None:
    """Return the champion after the night of `run_date`, the one that serves it; as `champion_before`."""
    return next(iter(champions(connection, variant, run_date)), None)


def champions(connection: Connection, variant: str, up_to: dt.date = dt.date.max) -> list[str | None]:
    """Return every version that was champion in a night up to a day, the last one first, each once.

    None stands for popularity without a model: people can roll back to a batch of that kind.
    """
    with connection, connection.cursor() as cursor:
        rows = run(cursor, "model_decision/promoted", variant=variant, up_to=up_to)
    return list(dict.fromkeys(None if version == POPULARITY else version for (version,) in rows))


def highest_version(connection: Connection) -> tuple[int, dt.date | None]:
    """Return the highest version that a decision names, 0 without any, and the newest night with one."""
    with connection, connection.cursor() as cursor:
        ((version, night),) = run(cursor, "model_decision/highest_version")
    return version, night
