"""Checks of a build before readers see it: PostgreSQL holds what the lake holds."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from psycopg2.extras import RealDictCursor

from include.columns import ITEM_IDS, USER_ID
from include.errors import PublishError
from include.serving.activation import find_live
from include.serving.batch import Batch
from include.serving.load.builds import Build
from include.serving.load.checksum import combine
from include.serving.load.copy import Sent, read_lake
from include.serving.load.items import item_keys, same_popular
from include.serving.statements import run

if TYPE_CHECKING:
    from include.serving.database import Connection

logger = logging.getLogger(__name__)


def check_build(connection: Connection, batch: Batch, build: Build) -> float | None:
    """Check that a build holds what the lake holds; return its overlap with the batch that readers see.

    Compared are the lake with its own manifest, and PostgreSQL with the lake: users, entries, lengths, the checksum
    over every list, the popular items, and some users' lists item by item. Nulls cannot be there: the columns refuse
    them, and elements count in the checksum.

    Raises
    ------
    PublishError
        Naming the first difference.
    """
    sent, counted = build.sent, build.counted
    _check_lake(batch, sent)
    for what, seen, expected in (
        ("number of users", sum(part.users for part in counted), sent.users),
        ("number of entries", sum(part.rows for part in counted), sent.rows),
        ("number of lists of uneven length", sum(part.uneven for part in counted), 0),
        ("checksum of what is stored", combine(part.digest for part in counted), combine([sent.stored])),
    ):
        if seen != expected:
            raise _difference(batch, build.number, what, seen, expected)
    with connection, connection.cursor() as cursor:
        if not same_popular(cursor, batch, build.number):
            raise _difference(batch, build.number, "list of popular items", "another one", "the batch's")
        overlap = _overlap(cursor, batch, build)
    with connection, connection.cursor(cursor_factory=RealDictCursor) as cursor:
        rows = run(cursor, "shelf/sample", build=build.number, user_ids=list(sent.sample))
    stored = {row[USER_ID]: dict(row) for row in rows}
    for user_id, row in sent.sample.items():
        if stored.get(user_id) != row:
            raise _difference(batch, build.number, f"list of user {user_id!r}", stored.get(user_id), row)
    logger.info(
        "build %d holds what the lake holds: %d users, %d entries, %d items, checksum %s, %d users item by item",
        build.number, sent.users, sent.rows, sent.n_items, batch.checksum, len(sent.sample),
    )  # fmt: skip
    if overlap is not None:
        logger.info("%.1f %% of the entries are in the live lists too, of those users", 100 * overlap)
    return overlap


def is_intact(connection: Connection, batch: Batch, number: int) -> bool:
    """Tell whether a build stored earlier holds exactly what the lake holds, with today's item keys."""
    sent = read_lake(batch, item_keys(connection, batch))
    _check_lake(batch, sent)
    with connection, connection.cursor() as cursor:
        ((stored,),) = run(cursor, "shelf/checksum", build=number)
        return bool(stored == combine([sent.stored])) and same_popular(cursor, batch, number)


def _check_lake(batch: Batch, sent: Sent) -> None:
    """Check that the batch's files hold what its manifest states."""
    stated = batch.manifest.counts.get("users", batch.users)
    for what, seen, expected in (
        ("number of users", sent.users, stated),
        ("checksum", combine([sent.content]), batch.checksum),
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
    users = [user_id for user_id, row in build.sent.sample.items() if row[ITEM_IDS]]
    ((overlap,),) = run(cursor, "shelf/overlap", build=build.number, before=live.build, user_ids=users)
    return None if overlap is None else float(overlap)


def _difference(batch: Batch, number: int, what: str, seen: Any, expected: Any) -> PublishError:
    return PublishError(
        f"build {number} of batch {batch.batch_id}: the {what} is {seen} in PostgreSQL, {expected} in the lake",
        remedy="clear task publish; if it comes again, delete the batch's folder and clear task score",
    )
