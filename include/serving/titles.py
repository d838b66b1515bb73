"""People decide who is champion: a version gets the title, or loses it to the champion before it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.errors import ValidationError
from include.serving.decisions import POPULARITY, Decision, champions, insert_decision
from include.serving.statements import run

if TYPE_CHECKING:
    from include.serving.database import Connection


@dataclass(frozen=True)
class TitleRequest:
    """What people want of a version ("promote" or "refuse"), why, who, and the name under which it is done once."""

    variant: str
    model_version: str
    answer: str
    reason: str
    by: str
    name: str


def decide_title(connection: Connection, request: TitleRequest) -> Decision:
    """Record what people decided, dated to the newest night, and return it; a request is carried out once.

    Refusing the champion is a decision of kind `rollback`, to the champion before it; refusing another version leaves
    the champion and a row of kind `refused`. The figures are those of the gate's newest decision on the version.

    Raises
    ------
    ValidationError
        When no night has been decided yet.
    """
    titles = champions(connection, request.variant)
    champion = titles[0] if titles else None
    others = [title for title in titles if title != request.model_version]
    with connection, connection.cursor() as cursor:
        values = {"variant": request.variant, "model_version": request.model_version, "request": request.name}
        if done := run(cursor, "model_decision/find_request", **values):
            return Decision(*done[0])
        ((newest, metrics),) = run(cursor, "model_decision/newest_night", **values)
        if newest is None:
            raise ValidationError("the gate has not decided any night yet", remedy="let a night run through first")
        return insert_decision(cursor, _decision(request, champion, others, newest, metrics))


def _decision(
    request: TitleRequest, champion: str | None, others: list[str | None], newest: dt.date, metrics: dict[str, object]
) -> Decision:
    withdrawn = request.answer == "refuse" and champion == request.model_version
    return Decision(
        run_date=newest,
        variant=request.variant,
        kind="promote" if request.answer == "promote" else "rollback" if withdrawn else "refused",
        model_version=((others[0] if others else None) or POPULARITY) if withdrawn else request.model_version,
        champion=champion,
        reasons=[f"{request.reason} ({request.by})"],
        metrics=metrics or {},
        fingerprint=request.name,
    )
