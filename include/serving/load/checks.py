"""Checks of a build before readers see it: PostgreSQL holds what the lake holds."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from psycopg2.extras import RealDictCursor

from include.columns import ITEM_IDS
from include.errors import PublishError
from include.serving.activation import find_live
from include.serving.batch import Batch
from include.serving.load.builds import Build, Filled
from include.serving.load.checksum import combine
from include.serving.load.copy import Sent, read_lake
from include.serving.load.items import item_keys, same_popular
from include.serving.statements import compose_for, run

if TYPE_CHECKING:
    from include.serving.database import Connection

logger = logging.getLogger(__name__)


def check_build(connection: Connection, batch: Batch, build: Build) -> float | None:
    """Check that a build holds what the lake holds; return its overlap with the batch that readers see.

    Compared are the lake with its own manifest, and PostgreSQL with the lake, for each kind: lists, entries, lengths,
    the checksum over every list, and some lists entry by entry; and the popular items. Nulls cannot be there: the
    columns refuse them, and elements count in the checksum.

    Raises
    ------
    PublishError
        Naming the first difference.
    """
    _check_lake(batch, [filled.sent for filled in build.kinds])
    for filled in build.kinds:
        _check_kind(connection, batch, build.number, filled)
    with connection, connection.cursor() as cursor:
        if not same_popular(cursor, batch, build.number):
            raise _difference(batch, build.number, "list of popular items", "another one", "the batch's")
        overlap = _overlap(cursor, batch, build)
    if overlap is not None:
        logger.info("%.1f %% of the entries are in the live lists too, of those users", 100 * overlap)
    return overlap


def is_intact(connection: Connection, batch: Batch, number: int) -> bool:
    """Tell whether a build stored earlier holds exactly what the lake holds, with today's item keys."""
    keys = item_keys(connection, batch)
    sent = [read_lake(lists, keys) for lists in batch.kinds]
    _check_lake(batch, sent)
    with connection, connection.cursor() as cursor:
        for lists, each in zip(batch.kinds, sent, strict=True):
            cursor.execute(compose_for(lists.kind, "shelf/checksum"), {"build": number})
            ((stored,),) = cursor.fetchall()
            if combine([int(stored)]) != combine([each.stored]):
                return False
        return same_popular(cursor, batch, number)


def _check_kind(connection: Connection, batch: Batch, number: int, filled: Filled) -> None:
    kind, sent, counted = filled
    for what, seen, expected in (
        ("number of lists", sum(part.lists for part in counted), sent.lists),
        ("number of entries", sum(part.rows for part in counted), sent.rows),
        ("number of lists of uneven length", sum(part.uneven for part in counted), 0),
        ("checksum of what is stored", combine(part.digest for part in counted), combine([sent.stored])),
    ):
        if seen != expected:
            raise _difference(batch, number, f"{what} of {kind.name}", seen, expected)
    with connection, connection.cursor(cursor_factory=RealDictCursor) as cursor:
        values = {"build": number, "keys": sorted({key for key, _ in sent.sample})}
        cursor.execute(compose_for(kind, "shelf/sample"), values)
        stored = {(row[kind.key], row[kind.scope]): dict(row) for row in cursor.fetchall()}
    for (key, scope), row in sent.sample.items():
        if stored.get((key, scope)) != row:
            what = f"list of {kind.key.removesuffix('_id')} {key!r} in {kind.name}"
            raise _difference(batch, number, what, stored.get((key, scope)), row)
    logger.info(
        "build %d holds the lake's %s: %d lists, %d entries, %d items, %d lists entry by entry",
        number, kind.name, sent.lists, sent.rows, sent.n_items, len(sent.sample),
    )  # fmt: skip


def _check_lake(batch: Batch, sent: list[Sent]) -> None:
    """Check that the batch's files hold what its manifest states."""
    stated = batch.manifest.counts.get("users", batch.users)
    for what, seen, expected in (
        ("number of users", sent[0].lists, stated),
        ("checksum", combine(each.content for each in sent), batch.checksum),
    ):
        if seen != expected:
            raise PublishError(
                f"batch {batch.batch_id}: its {what} is {seen}, its manifest says {expected}",
                remedy="delete the batch's folder and clear task score",
            )


def _overlap(cursor: Any, batch: Batch, build: Build) -> float | None:
    live = find_live(cursor, batch.variant)
    if live is None:
        return None
    users = [user_id for (user_id, _), row in build.kinds[0].sent.sample.items() if row[ITEM_IDS]]
    ((overlap,),) = run(cursor, "shelf/overlap", build=build.number, before=live.build, user_ids=users)
    return None if overlap is None else float(overlap)


def _difference(batch: Batch, number: int, what: str, seen: Any, expected: Any) -> PublishError:
    return PublishError(
        f"build {number} of batch {batch.batch_id}: the {what} is {seen} in PostgreSQL, {expected} in the lake",
        remedy="clear task publish; if it comes again, delete the batch's folder and clear task score",
    )
