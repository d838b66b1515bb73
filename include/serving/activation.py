"""The pointer: which batch readers see. Switching it is one updated row and one row in the log."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal, NamedTuple

from include.serving.statements import statement


class Live(NamedTuple):
    """What readers of a variant see."""

    batch_id: str
    build: int
    run_date: dt.date
    model_version: str


def lock_pointer(cursor: Any) -> None:
    """Take the pointer's lock, held until the transaction ends: a moment, as whoever holds it only switches."""
    cursor.execute(statement("session/lock_pointer"))


def find_live(cursor: Any, variant: str) -> Live | None:
    """Return what readers of `variant` see; None before the first night."""
    cursor.execute(statement("live/find"), {"variant": variant})
    row = cursor.fetchone()
    return None if row is None else Live(*row)


def was_passed_over(cursor: Any, variant: str, batch_id: str, run_date: dt.date) -> bool:
    """Tell whether a rollback holds a batch back that is not live.

    After a rollback only what is new goes live by itself: a later night than any that was live, or
    the newest of them scored anew. What people went back from, or past, does not return by clearing a task.
    """
    values = {"variant": variant, "batch_id": batch_id, "run_date": run_date}
    cursor.execute(statement("activation/passed_over"), values)
    row = cursor.fetchone()
    return bool(row and row[0])


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

    The build's partition must have been attached in an earlier transaction: readers that
    began before this moment go on with the previous build, later ones know the partition.

    Parameters
    ----------
    by
        Who did it; the database login when left out.
    request
        Names a rollback that was asked for; the same name is refused by the database a second time.
    """
    live = find_live(cursor, variant)
    values = {"variant": variant, "batch_id": batch_id, "build": build, "reason": reason}
    logged = {"previous": live.batch_id if live else None, "kind": kind, "by": by, "request": request}
    cursor.execute(statement("activation/insert"), values | logged)
    cursor.execute(statement("live/flip"), values)
