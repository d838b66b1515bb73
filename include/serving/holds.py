"""People hold a night, or release it: each word is a decision, and the last one holds."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from include.serving.decisions import POPULARITY, Decision, champion_before, record_decision
from include.serving.statements import run

if TYPE_CHECKING:
    from include.serving.database import Connection


@dataclass(frozen=True)
class HoldRequest:
    """What people want of a night, why, who, and the name under which it is done once."""

    variant: str
    run_date: dt.date
    answer: Literal["hold", "release"]
    reason: str
    by: str
    name: str


def decide_hold(connection: Connection, request: HoldRequest) -> Decision:
    """Record what people said and return it; a request is carried out once."""
    champion = champion_before(connection, request.variant, request.run_date)
    decision = Decision(
        run_date=request.run_date,
        variant=request.variant,
        kind=request.answer,
        model_version=champion or POPULARITY,
        champion=champion,
        reasons=[f"{request.reason} ({request.by})"],
        fingerprint=f"{request.answer} {request.name}",
    )
    return record_decision(connection, decision)


def last_word(connection: Connection, variant: str, run_date: dt.date) -> Decision | None:
    """Return what people said last of a night, to hold or to release it; None when they said nothing."""
    with connection, connection.cursor() as cursor:
        rows = run(cursor, "model_decision/held", variant=variant, run_date=run_date)
    return Decision(*rows[0]) if rows else None
