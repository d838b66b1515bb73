"""Rollback: readers see a kept batch again, at once, and the next nights build on its model."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from include.errors import ValidationError
from include.serving.activation import Live, activate, find_live, lock_pointer
from include.serving.decisions import Decision, insert_decision
from include.serving.statements import run

if TYPE_CHECKING:
    from include.serving.database import Connection

PREVIOUS = "previous"


@dataclass(frozen=True)
class RollbackRequest:
    """A rollback as people ask for it.

    Parameters
    ----------
    to
        A batch_id, or `previous`: the newest kept batch older than the live one that has been live.
    by
        Who asks; the database login when None.
    name
        A request of that name is carried out once. Without a name, asking for `previous` again with the same reason
        and person, while nothing else has gone live, is the same request.
    """

    variant: str
    to: str
    reason: str
    by: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class RolledBack:
    """What readers see since the request; `changed` tells whether this call carried it out."""

    batch_id: str
    previous: str | None
    model_version: str
    changed: bool


class Kept(NamedTuple):
    """A batch that PostgreSQL stores."""

    batch_id: str
    run_date: dt.date
    model_version: str
    build: int
    was_live: bool


def roll_back(connection: Connection, request: RollbackRequest) -> RolledBack:
    """Let readers see the batch that `request` names; the flip, its log and the decision are one transaction.

    Raises
    ------
    ValidationError
        When nothing is live, or the batch is not kept (naming those that are).
    """
    with connection, connection.cursor() as cursor:
        lock_pointer(cursor)
        live = find_live(cursor, request.variant)
        if live is None:
            raise ValidationError(f"variant {request.variant} has no live batch", remedy="publish a night first")
        done = _find_done(cursor, request, live)
        if done is not None:
            return done
        target = _choose(cursor, request, live)
        if target.batch_id == live.batch_id:
            return RolledBack(live.batch_id, None, live.model_version, changed=False)
        activate(
            cursor, request.variant, target.batch_id, target.build, request.reason,
            kind="rollback", by=request.by, request=request.name,
        )  # fmt: skip
        _decide(cursor, request, "rollback", target.model_version, live)
    return RolledBack(target.batch_id, live.batch_id, target.model_version, changed=True)


def find_rollback(connection: Connection, variant: str, name: str) -> RolledBack | None:
    """Return what the request of that name did, None when it was not carried out."""
    with connection, connection.cursor() as cursor:
        return _find_named(cursor, variant, name)


def refuse(connection: Connection, request: RollbackRequest) -> None:
    """Record once that a rollback was asked for and refused; readers see what they saw."""
    with connection, connection.cursor() as cursor:
        lock_pointer(cursor)
        live = find_live(cursor, request.variant)
        ((refused,),) = run(cursor, "model_decision/find_refusal", variant=request.variant, request=request.name)
        if live is not None and not refused:
            _decide(cursor, request, "refused", live.model_version, live)


def _find_named(cursor: Any, variant: str, name: str) -> RolledBack | None:
    for batch_id, previous, model_version in run(cursor, "activation/find_request", variant=variant, request=name):
        return RolledBack(batch_id, previous, model_version, changed=False)
    return None


def _find_done(cursor: Any, request: RollbackRequest, live: Live) -> RolledBack | None:
    """Return what the request has done already."""
    if request.name is not None:
        return _find_named(cursor, request.variant, request.name)
    if request.to != PREVIOUS:
        return None
    ((batch_id, previous, *last),) = run(cursor, "activation/last", variant=request.variant, by=request.by)
    if [batch_id, *last] == [live.batch_id, "rollback", request.reason, True]:  # kind, reason, same person
        return RolledBack(batch_id, previous, live.model_version, changed=False)
    return None


def _choose(cursor: Any, request: RollbackRequest, live: Live) -> Kept:
    kept = [Kept(*row) for row in run(cursor, "batch/kept", variant=request.variant)]
    if request.to == PREVIOUS:
        places = [place for place, batch in enumerate(kept) if batch.batch_id == live.batch_id]
        older = [batch for batch in kept[places[0] + 1 :] if batch.was_live] if places else []
        wanted = older[:1]
    else:
        wanted = [batch for batch in kept if batch.batch_id == request.to]
    if not wanted:
        what = f"batch {request.to} is not kept" if request.to != PREVIOUS else "no earlier batch is kept"
        raise ValidationError(
            f"{what}; readers see {live.batch_id}, kept are {', '.join(batch.batch_id for batch in kept)}",
            remedy="name one of these, or publish the one you want from the lake with --force",
        )
    return wanted[0]


def _decide(cursor: Any, request: RollbackRequest, kind: Any, model_version: str, live: Live) -> None:
    """Record the decision, dated to the newest night that was ever live so that the next night follows it."""
    ((newest, activations),) = run(cursor, "activation/newest_night", variant=request.variant)
    decision = Decision(
        run_date=newest,
        variant=request.variant,
        kind=kind,
        model_version=model_version,
        champion=live.model_version,
        reasons=[f"{request.reason} ({request.by})" if request.by else request.reason],
        fingerprint=request.name or f"activation {activations}",
    )
    insert_decision(cursor, decision)
