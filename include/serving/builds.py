"""Builds: a batch's rows in PostgreSQL, loaded beside what readers see.

Every load is a new build with a partition of its own. Until a row of `reco.batch` or the pointer
`reco.live` names it, no reader sees it, and after a crash it is a leftover that can go.
"""

from __future__ import annotations

import io
import logging
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg2

from include.log import step
from include.serving.batch import Batch
from include.serving.loading import Counted, Sent, load_slices, partition, slice_names
from include.serving.rows import ItemKeys
from include.serving.statements import compose, statement

if TYPE_CHECKING:
    import pyarrow as pa
    from pydantic import SecretStr

    from include.serving.database import Connection

logger = logging.getLogger(__name__)

DROP_TIMEOUT = "10s"


class Build(NamedTuple):
    """A loaded build: its number, what the lake's lists were, what PostgreSQL counted, and how long COPY took."""

    number: int
    sent: Sent
    counted: list[Counted]
    copy_seconds: float


def item_keys(connection: Connection, batch: Batch) -> ItemKeys:
    """Return the keys of all items after adding the batch's to the dimension."""
    with connection, connection.cursor() as cursor:
        store_items(cursor, batch)
        cursor.execute(statement("item/keys"))
        return ItemKeys(dict(cursor.fetchall()))


def load_build(connection: Connection, url: SecretStr | str, batch: Batch) -> Build:
    """Load `batch` as a new build; no reader sees it yet.

    Its table is split by a hash of the user, and each part is filled by a connection of its own, indexed and
    committed; attaching the whole comes last and takes no lock that readers wait for. A
    crash in between leaves a build that nothing names, which the next publish drops.
    """
    keys = item_keys(connection, batch)
    with connection, connection.cursor() as cursor:
        cursor.execute(statement("shelf/next_build"))
        number = int(cursor.fetchall()[0][0])
        cursor.execute(compose("shelf/create_build", partition=partition(number)), {"build": number})
        names = slice_names(number)
        for place, name in enumerate(names):
            values = {"slices": len(names), "slice": place}
            cursor.execute(compose("shelf/create_slice", partition=name, parent=partition(number)), values)
        _store_popular(cursor, batch, number)
    with step(logger, f"loading {batch.users} users' lists as build {number} by {len(names)} connections"):
        started = time.monotonic()
        sent, counted = load_slices(url, batch, keys, number)
    with connection, connection.cursor() as cursor:
        cursor.execute(compose("shelf/attach", partition=partition(number)), {"build": number})
    return Build(number, sent, counted, max(part.copied for part in counted) - started)


def store_items(cursor: Any, batch: Batch, *, update: bool = False) -> None:
    """Put the batch's items into the shared dimension; change what is there only when asked.

    Attributes change in the transaction that switches readers to the batch, not before.
    """
    values = {"run_date": batch.run_date}
    cursor.execute(statement("item/create_incoming"))
    cursor.copy_expert(statement("item/copy_incoming"), _as_csv(batch.items()))
    cursor.execute(statement("item/update_changed" if update else "item/insert_new"), values)


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
