"""Publishing: a batch from the lake becomes what readers see, at once or not at all.

Killed at any moment, it leaves readers where they were; the next publish cleans up.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.columns import TABLES
from include.lake import Lake, find_manifest, partition_folder
from include.log import step
from include.policy import PublishPolicy
from include.serving.activation import Live, activate, find_live, lock_pointer, was_passed_over
from include.serving.batch import Batch
from include.serving.database import WRITER, connect
from include.serving.load import drop_unreferenced, load, store_items
from include.serving.overrides import find_overrides
from include.serving.shelves import refuse_empty_shelves
from include.serving.statements import run

if TYPE_CHECKING:
    from pydantic import SecretStr

    from include.serving.database import Connection

logger = logging.getLogger(__name__)

COUNTS = ("landed", "ingested", "duplicates", "quarantined")


@dataclass(frozen=True)
class Published:
    """The outcome; `copy_seconds` from the first byte of the lake to the last row's arrival."""

    batch_id: str
    users: int
    rows: int
    checksum: str
    live: bool
    loaded: bool
    copy_seconds: float | None = field(default=None, compare=False)


def publish(
    url: SecretStr | str, batch: Batch, *, keep_batches: int, force: bool = False, limits: PublishPolicy | None = None
) -> Published:
    """Store `batch` in PostgreSQL, check it there, and let readers see it unless it is older than what they see.

    Publishing a batch again compares what is stored with the lake and replaces damaged content. Of two publishers at
    once, one waits.

    Parameters
    ----------
    keep_batches
        Batches that stay for rollback, the live one included; older ones are dropped.
    force
        Let readers see the batch although its run date is older than the live one's.
    limits
        How much worse than the live batch it may be, see `refuse_empty_shelves`; None: not compared.

    Raises
    ------
    ValidationError
        When the batch would leave lists empty that are full; nothing is loaded.
    PublishError
        When PostgreSQL holds something else than the lake; readers see what they saw.
    DatabaseError
        When the connection is lost or refused.
    """
    with connect(url, f"publish {batch.batch_id}", role=WRITER) as connection:
        _wait_for_others(connection)
        drop_unreferenced(connection)
        if limits is not None:
            _compare_with_live(connection, batch, limits, force=force)
        loaded = load(connection, url, batch)
        with connection, connection.cursor() as cursor:
            lock_pointer(cursor)
            if loaded.described is not None:
                run(cursor, "batch/store", **loaded.described)
            for counts in loaded.counts:
                run(cursor, "batch_list/store", **counts)
            live = _switch(cursor, batch, loaded.build, force=force)
            _store_night(cursor, batch)
        _tidy(connection, batch, keep_batches)
    return Published(
        batch_id=batch.batch_id,
        users=batch.users,
        rows=loaded.rows,
        checksum=batch.checksum,
        live=live,
        loaded=loaded.described is not None,
        copy_seconds=loaded.copy_seconds,
    )


def _wait_for_others(connection: Connection) -> None:
    """Take the publishers' lock, which ends with the session; say who has it while waiting."""
    with connection, connection.cursor() as cursor:
        if run(cursor, "session/lock_publishers") == [(True,)]:
            return
        logger.info("waiting for another publisher: %s", run(cursor, "session/publisher"))
        run(cursor, "session/wait_for_publishers")


def _compare_with_live(connection: Connection, batch: Batch, limits: PublishPolicy, *, force: bool) -> None:
    """Refuse a batch that would go live now and leave lists empty that are full."""
    with connection, connection.cursor() as cursor:
        live = find_live(cursor, batch.variant)
        reason = _why_switch(cursor, live, batch, live.build if live else 0, force=force)
    if reason is not None:
        overrides = find_overrides(connection, batch.variant, batch.run_date)
        with step(logger, "comparing with the live batch"):
            refuse_empty_shelves(batch, live.batch_id if live else None, limits, overrides.of)


def _switch(cursor: Any, batch: Batch, build: int, *, force: bool) -> bool:
    """Let readers see the build where the rules say so; tell whether they see the batch now."""
    live = find_live(cursor, batch.variant)
    reason = _why_switch(cursor, live, batch, build, force=force)
    if reason is None and (live is None or live.batch_id != batch.batch_id):
        return False
    store_items(cursor, batch, update=True)
    if reason is not None:
        logger.info("batch %s goes live: %s", batch.batch_id, reason)
        activate(cursor, batch.variant, batch.batch_id, build, reason)
    return True


def _why_switch(cursor: Any, live: Live | None, batch: Batch, build: int, *, force: bool) -> str | None:
    """Return the reason to switch readers to the build, None to leave them where they are."""
    if live is None:
        return f"first batch of variant {batch.variant}"
    if live.batch_id == batch.batch_id:
        return None if live.build == build else "its stored content was damaged and has been loaded again"
    passed_over = was_passed_over(cursor, batch.variant, batch.batch_id, batch.run_date)
    if live.run_date <= batch.run_date and not passed_over:
        return f"published for the night of {batch.run_date}"
    if force:
        return f"published by force over {'a rollback to' if passed_over else 'the newer batch'} {live.batch_id}"
    why = "people rolled back to" if passed_over else "a newer one is live:"
    logger.warning(
        "batch %s is stored but does not go live: %s %s (--force overrides)", batch.batch_id, why, live.batch_id
    )
    return None


def day_accounts(lake: Lake, day: dt.date) -> dict[str, dict[str, int]]:
    """Return the four counts of each table of the contract; a table that has no such day is left out."""
    manifests = {table: find_manifest(lake, partition_folder(table, day)) for table in TABLES}
    return {
        table: {name: manifest.counts.get(name, 0) for name in COUNTS}
        for table, manifest in manifests.items()
        if manifest
    }


def _store_night(cursor: Any, batch: Batch) -> None:
    accounts = json.dumps(day_accounts(batch.lake, batch.run_date), sort_keys=True)
    values = {"run_date": batch.run_date, "variant": batch.variant, "batch_id": batch.batch_id}
    run(cursor, "nightly_run/store", **values, accounts=accounts)


def _tidy(connection: Connection, batch: Batch, keep_batches: int) -> None:
    """Expire batches beyond those to keep, drop their rows, and refresh the planner's figures."""
    with connection, connection.cursor() as cursor:
        lock_pointer(cursor)
        expired = run(cursor, "batch/expire", variant=batch.variant, batch_id=batch.batch_id, keep=keep_batches)
        for (batch_id,) in expired:
            logger.info("batch %s expires: %d newer ones are kept", batch_id, keep_batches)
        run(cursor, "live/analyze")
    drop_unreferenced(connection)
