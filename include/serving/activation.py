"""The pointer: which batch readers see. Switching it updates one row and adds one to the log."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal, NamedTuple

from include.serving.statements import run


class Live(NamedTuple):
    """What readers of a variant see."""

    batch_id: str
    build: int
    run_date: dt.date
    model_version: str


def lock_pointer(cursor: Any) -> None:
    """Take the pointer's lock until the transaction ends; nobody holds it for longer than a switch takes."""
    run(cursor, "session/lock_pointer")


def find_live(cursor: Any, variant: str) -> Live | None:
    """Return what readers of `variant` see; None before the first night."""
    rows = run(cursor, "live/find", variant=variant)
    return Live(*rows[0]) if rows else None


def was_passed_over(cursor: Any, variant: str, batch_id: str, run_date: dt.date) -> bool:
    """Tell whether a rollback holds a batch back that is not live.

    After a rollback only what is new goes live by itself: a night later than any that was live, or the newest of them
    scored again. Clearing a task does not bring back what a rollback left behind.
    """
    rows = run(cursor, "activation/passed_over", variant=variant, batch_id=batch_id, run_date=run_date)
    return bool(rows and rows[0][0])


def activate(
    cursor: Any,
    variant: str,
    batch_id: str,
    build: int,
    reason: str,
    *,
    kind: Literal["publish", "rollback"] = "publish",
    by: str | None = None,
    request: str | None = None,
) -> None:
    """Point readers at a build and log why, in the transaction of `cursor`, which holds the pointer's lock.

    The build's partition must have been attached in an earlier transaction: readers that began before this moment go
    on with the previous build, later ones know the partition.

    Parameters
    ----------
    by
        Who did it; the database login when left out.
    request
        Names a rollback that was asked for; the database refuses the same name a second time.
    """
    live = find_live(cursor, variant)
    values = {"variant": variant, "batch_id": batch_id, "build": build, "reason": reason}
    previous = live.batch_id if live else None
    run(cursor, "activation/insert", **values, previous=previous, kind=kind, by=by, request=request)
    run(cursor, "live/flip", **values)
