"""The pointer: which batch readers see. Switching it is one updated row and one row in the log."""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple

from include.serving.statements import statement


class Live(NamedTuple):
    """What readers of a variant see."""

    batch_id: str
    build: int
    run_date: dt.date


def find_live(cursor: Any, variant: str) -> Live | None:
    """Return what readers of `variant` see; None before the first night."""
    cursor.execute(statement("live/find"), {"variant": variant})
    row = cursor.fetchone()
    return None if row is None else Live(*row)


def activate(cursor: Any, variant: str, batch_id: str, build: int, reason: str) -> None:
    """Point readers at a build and log why, in the transaction of `cursor`.

    The build's partition must have been attached in an earlier transaction: readers that
    began before this moment go on with the previous build, later ones know the partition.
    """
    live = find_live(cursor, variant)
    values = {"variant": variant, "batch_id": batch_id, "build": build, "reason": reason}
    cursor.execute(statement("activation/insert"), {**values, "previous": live.batch_id if live else None})
    cursor.execute(statement("live/flip"), values)
