"""Builds: a batch's rows in PostgreSQL, loaded beside what readers see.

Every load is a new build with a partition of its own. Until a row of `reco.batch` or the pointer
`reco.live` names it, no reader sees it, and after a crash it is a leftover that can go.
"""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg2
from psycopg2.extras import RealDictCursor

from include.errors import PublishError
from include.log import step
from include.serving.batch import Batch
from include.serving.rows import CopyStream, ItemKeys
from include.serving.statements import compose, statement

if TYPE_CHECKING:
    import pyarrow as pa

    from include.serving.database import Connection

logger = logging.getLogger(__name__)

COPY_CHUNK = 1 << 20
DROP_TIMEOUT = "10s"


class Build(NamedTuple):
    """A loaded build: its number, and what was counted while it was sent."""

    number: int
    users: int
    rows: int
    longest: int


def partition(build: int) -> str:
    """Return the name of the table that holds a build's lists."""
    return f"shelf_{build}"


def load_build(connection: Connection, batch: Batch) -> Build:
    """Load `batch` as a new build in one transaction; no reader sees it yet.

    The partition is made, filled, indexed and attached in that order: the table is empty when
    it is made in the same transaction, so the server writes its rows once, frozen and without
    WAL, and a crash leaves nothing. Attaching takes no lock that readers wait for.
    """
    with connection, connection.cursor() as cursor:
        cursor.execute(statement("shelf/next_build"))
        number = int(cursor.fetchall()[0][0])
        store_items(cursor, batch)
        cursor.execute(statement("item/keys"))
        stream = CopyStream(batch.lists(), ItemKeys(dict(cursor.fetchall())), number)
        name = partition(number)
        with step(logger, f"loading {batch.users} users' lists as build {number}"):
            cursor.execute(compose("shelf/create_build", partition=name), {"build": number})
            file: Any = stream  # copy_expert needs no more of a file than read()
            cursor.copy_expert(compose("shelf/copy", partition=name), file, size=COPY_CHUNK)
            cursor.execute(compose("shelf/index_build", partition=name))
        _store_popular(cursor, batch, number)
        cursor.execute(compose("shelf/attach", partition=name), {"build": number})
    with connection, connection.cursor() as cursor:
        cursor.execute(compose("shelf/analyze", partition=partition(number)))
    return Build(number, stream.users, stream.rows, stream.longest)


def store_items(cursor: Any, batch: Batch, *, update: bool = False) -> None:
    """Put the batch's items into the shared dimension; change what is there only when asked.

    Attributes change in the transaction that switches readers to the batch, not before.
    """
    values = {"run_date": batch.run_date}
    cursor.execute(statement("item/create_incoming"))
    cursor.copy_expert(statement("item/copy_incoming"), _as_csv(batch.items()))
    cursor.execute(statement("item/update_changed" if update else "item/insert_new"), values)


def check_build(connection: Connection, batch: Batch, number: int) -> int:
    """Check that a build holds what the lake holds; return its number of different items.

    Raises
    ------
    PublishError
        Naming the difference: users, uneven lists, unknown items, popular items, or the checksum.
    """
    with connection, connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(statement("shelf/count"), {"build": number})
        counted: dict[str, Any] = dict(cursor.fetchone() or {})
        cursor.execute(statement("shelf/count_items"), {"build": number})
        counted |= dict(cursor.fetchone() or {})
    stated = batch.manifest.counts.get("users", batch.users)
    for what, seen, expected in (
        ("users", counted["users"], batch.users),
        ("users according to its manifest", counted["users"], stated),
        ("lists of uneven length", counted["uneven"], 0),
        ("items that the dimension does not know", counted["unknown"], 0),
    ):
        if seen != expected:
            raise _difference(batch, number, what, seen, expected)
    if not same_popular(connection, batch, number):
        raise _difference(batch, number, "popular items", "others", "the lake's")
    checksum = stored_checksum(connection, number)
    if checksum != batch.checksum:
        raise _difference(batch, number, "checksum", checksum, batch.checksum)
    return int(counted["items"])


def same_popular(connection: Connection, batch: Batch, number: int) -> bool:
    """Tell whether a build's popular items are the lake's."""
    expected = {tuple(row.values()) for row in batch.popular().to_pylist()}
    with connection, connection.cursor() as cursor:
        cursor.execute(statement("popular/stored"), {"build": number})
        return set(cursor.fetchall()) == expected


def stored_checksum(connection: Connection, number: int) -> str:
    """Return the checksum of a build's lists, computed by the server from what it stores."""
    with connection, connection.cursor() as cursor:
        cursor.execute(statement("shelf/checksum"), {"build": number})
        return str(cursor.fetchall()[0][0])


def drop_unreferenced(connection: Connection) -> int:
    """Drop builds that nothing names any more; return how many. Readers never wait for it.

    Detaching waits for transactions that have read the lists, up to ten seconds; a build that is
    still held by then stays for the next publish. `connection` must not be in a transaction.
    """
    with connection, connection.cursor() as cursor:
        cursor.execute(statement("popular/delete_unreferenced"))
        cursor.execute(statement("shelf/unreferenced"))
        found = cursor.fetchall()
    dropped = 0
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement("session/set_timeouts"), {"lock": DROP_TIMEOUT, "statement": DROP_TIMEOUT})
            for number, attached, pending in found:
                if not _drop(cursor, number, attached=attached, pending=pending):
                    break  # one partition at a time can be on its way out
                dropped += 1
            cursor.execute(statement("session/set_timeouts"), {"lock": "0", "statement": "0"})
    finally:
        connection.autocommit = False
    return dropped


def _drop(cursor: Any, number: int, *, attached: bool, pending: bool) -> bool:
    name = partition(number)
    try:
        if attached:
            cursor.execute(compose("shelf/detach_finalize" if pending else "shelf/detach", partition=name))
        cursor.execute(compose("shelf/drop", partition=name))
    except (psycopg2.errors.QueryCanceled, psycopg2.errors.LockNotAvailable):
        logger.warning("build %d is still being read; the next publish drops it", number)
        return False
    logger.info("dropped build %d, which nothing refers to", number)
    return True


def _store_popular(cursor: Any, batch: Batch, number: int) -> None:
    cursor.execute(statement("popular/create_incoming"))
    cursor.copy_expert(statement("popular/copy_incoming"), _as_csv(batch.popular()))
    cursor.execute(statement("popular/insert"), {"build": number})


def _as_csv(table: pa.Table) -> io.BytesIO:
    """Return the rows as CSV in which a null is nothing and a text is quoted, as COPY reads them."""
    import pyarrow.csv

    target = io.BytesIO()
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
    pyarrow.csv.write_csv(table, target, options)
    target.seek(0)
    return target


def _difference(batch: Batch, number: int, what: str, seen: object, expected: object) -> PublishError:
    return PublishError(
        f"build {number} of batch {batch.batch_id}: {what} is {seen} in PostgreSQL, {expected} in the lake",
        remedy="clear task publish; if it comes again, delete the batch's folder and clear task score",
    )
