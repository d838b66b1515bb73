"""Builds: a batch's rows in PostgreSQL, loaded beside what readers see.

Every load makes a new build with a partition of its own. Until a row of `reco.batch` or the pointer `reco.live` names
it, no reader sees it; after a crash it is a leftover that can go.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg2

from include.log import step
from include.serving.batch import Batch
from include.serving.load.copy import Counted, Sent, load_slices, partition, slice_names
from include.serving.load.items import item_keys, store_popular
from include.serving.statements import compose, run

if TYPE_CHECKING:
    from pydantic import SecretStr

    from include.serving.database import Connection

logger = logging.getLogger(__name__)

DROP_TIMEOUT = "10s"


class Build(NamedTuple):
    """A loaded build: its number, what was read from the lake, what PostgreSQL counted, how long COPY took."""

    number: int
    sent: Sent
    counted: list[Counted]
    copy_seconds: float


def load_build(connection: Connection, url: SecretStr | str, batch: Batch) -> Build:
    """Load `batch` as a new build; no reader sees it yet.

    Its table is split by a hash of the user, and each slice is filled, indexed and committed by a connection of its
    own. Attaching the whole comes last and takes no lock that readers wait for. A crash in between leaves a build that
    nothing names, which the next publish drops.
    """
    keys = item_keys(connection, batch)
    with connection, connection.cursor() as cursor:
        ((number,),) = run(cursor, "shelf/next_build")
        cursor.execute(compose("shelf/create_build", partition=partition(number)), {"build": number})
        names = slice_names(number)
        for place, name in enumerate(names):
            values = {"slices": len(names), "slice": place}
            cursor.execute(compose("shelf/create_slice", partition=name, parent=partition(number)), values)
        store_popular(cursor, batch, number)
    with step(logger, f"loading {batch.users} users' lists as build {number} by {len(names)} connections"):
        started = time.monotonic()
        sent, counted = load_slices(url, batch, keys, number)
    with connection, connection.cursor() as cursor:
        cursor.execute(compose("shelf/attach", partition=partition(number)), {"build": number})
    return Build(number, sent, counted, max(part.copied for part in counted) - started)


def drop_unreferenced(connection: Connection) -> int:
    """Drop the builds that nothing names any more and return how many; readers never wait for it.

    Detaching waits up to ten seconds for transactions that have read the lists; a build that is still held by then
    stays for the next publish. `connection` must not be in a transaction.
    """
    with connection, connection.cursor() as cursor:
        run(cursor, "popular/delete_unreferenced")
        found = run(cursor, "shelf/unreferenced")
    dropped = 0
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            run(cursor, "session/set_timeouts", lock=DROP_TIMEOUT, statement=DROP_TIMEOUT)
            for number, attached, pending in found:
                if not _drop(cursor, number, attached=attached, pending=pending):
                    break  # one partition at a time can be on its way out
                dropped += 1
            run(cursor, "session/set_timeouts", lock="0", statement="0")
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
