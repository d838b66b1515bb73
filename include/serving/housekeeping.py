"""What the database needs of lake and MLflow, and its record of what was deleted there."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.serving.statements import run

if TYPE_CHECKING:
    from include.serving.database import Connection


@dataclass(frozen=True)
class Needed:
    """What must stay: batches that readers see or can be moved back to, and what those were made from.

    Attributes
    ----------
    folders
        In the lake: batches and training sets.
    versions
        Of the model.
    first_night
        The oldest of the batches' run dates; None without a batch.
    """

    folders: frozenset[str]
    versions: frozenset[str]
    first_night: dt.date | None


def find_needed(connection: Connection) -> Needed:
    """Return what the stored batches of all variants need."""
    with connection, connection.cursor() as cursor:
        rows = run(cursor, "batch/needed")
    folders = {folder for batch, _, training_set, _ in rows for folder in (f"batches/{batch}", training_set) if folder}
    return Needed(frozenset(folders), frozenset(row[3] for row in rows), min((row[1] for row in rows), default=None))


def record_deletion(connection: Connection, run_date: dt.date, kind: str, name: str, day: dt.date, size: int) -> None:
    """Write down what is about to be deleted; `size` in bytes."""
    with connection, connection.cursor() as cursor:
        run(cursor, "deletion/insert", run_date=run_date, kind=kind, name=name, day=day, size_bytes=size)
