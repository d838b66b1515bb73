"""Builds: a batch's rows in PostgreSQL, loaded beside what readers see.

Every load makes a new build, a partition of each kind's table. Until a row of `reco.batch` or the pointer `reco.live`
names it, no reader sees it; after a crash it is a leftover that can go.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg2

from include.list_kinds import LIST_KINDS, ListKind
from include.log import step
from include.serving.batch import Batch, KindLists
from include.serving.load.copy import Counted, Sent, load_slices, partition, slice_names
from include.serving.load.items import ItemKeys, item_keys, store_popular
from include.serving.statements import compose, compose_for, run

if TYPE_CHECKING:
    from pydantic import SecretStr

    from include.serving.database import Connection

logger = logging.getLogger(__name__)

DROP_TIMEOUT = "10s"


class Filled(NamedTuple):
    """A kind's part of a build: what was read from the lake, and what PostgreSQL counted."""

    kind: ListKind
    sent: Sent
    counted: list[Counted]


class Build(NamedTuple):
    """A loaded build: its number, its kinds (the users' own lists first), how long COPY of those took."""

    number: int
    kinds: list[Filled]
    copy_seconds: float

    @property
    def content(self) -> int:
        """Sum of the digests of all that was read."""
        return sum(filled.sent.content for filled in self.kinds)


def load_build(connection: Connection, url: SecretStr | str, batch: Batch) -> Build:
    """Load `batch` as a new build; no reader sees it yet.

    A crash in between leaves a build that nothing names, which the next publish drops.
    """
    keys = item_keys(connection, batch)
    with connection, connection.cursor() as cursor:
        ((number,),) = run(cursor, "shelf/next_build")
        store_popular(cursor, batch, number)
    started = time.monotonic()
    kinds = [_fill(connection, url, lists, keys, number) for lists in batch.kinds]
    return Build(number, kinds, max(part.copied for part in kinds[0].counted) - started)


def _fill(connection: Connection, url: SecretStr | str, lists: KindLists, keys: ItemKeys, number: int) -> Filled:
    """Load one kind's lists.

    Its table is split by a hash of the key, and each slice is filled, indexed and committed by a connection of its
    own. Attaching the whole comes last and takes no lock that readers wait for.
    """
    kind, names = lists.kind, slice_names(lists, number)
    parent = partition(kind, number)
    with connection, connection.cursor() as cursor:
        cursor.execute(compose_for(kind, "shelf/create_build", partition=parent), {"build": number})
        for place, name in enumerate(names):
            values = {"slices": len(names), "slice": place}
            cursor.execute(compose("shelf/create_slice", partition=name, parent=parent), values)
    with step(logger, f"loading {lists.count} lists of {kind.name}, build {number}, by {len(names)} connections"):
        sent, counted = load_slices(url, lists, keys, number)
    with connection, connection.cursor() as cursor:
        cursor.execute(compose_for(kind, "shelf/attach", partition=parent), {"build": number})
    return Filled(kind, sent, counted)


def drop_unreferenced(connection: Connection) -> int:
    """Drop the partitions of builds that nothing names any more; return how many. Readers never wait for it.

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
            held: set[str] = set()
            for name, number, attached, pending in found:
                if name in held:  # one partition of a table at a time can be on its way out
                    continue
                if not _drop(cursor, LIST_KINDS[name], number, attached=attached, pending=pending):
                    held.add(name)
                    continue
                dropped += 1
            run(cursor, "session/set_timeouts", lock="0", statement="0")
    finally:
        connection.autocommit = False
    return dropped


def _drop(cursor: Any, kind: ListKind, number: int, *, attached: bool, pending: bool) -> bool:
    name = partition(kind, number)
    try:
        if attached:
            cursor.execute(compose_for(kind, "shelf/detach_finalize" if pending else "shelf/detach", partition=name))
        cursor.execute(compose("shelf/drop", partition=name))
    except (psycopg2.errors.QueryCanceled, psycopg2.errors.LockNotAvailable):
        logger.warning("%s of build %d are still being read; the next publish drops them", kind.name, number)
        return False
    logger.info("dropped %s of build %d, which nothing refers to", kind.name, number)
    return True
