"""The one call: a batch becomes a checked build, or the build that holds it already is found."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from include.log import step
from include.serving.batch import Batch
from include.serving.load.builds import Build, Filled, load_build
from include.serving.load.checks import check_build, is_intact
from include.serving.load.checksum import combine
from include.serving.statements import run

if TYPE_CHECKING:
    from pydantic import SecretStr

    from include.serving.database import Connection

logger = logging.getLogger(__name__)


class Loaded(NamedTuple):
    """A build that holds what the lake holds.

    Attributes
    ----------
    build, rows
        Its number, and how many list entries it has.
    described
        The batch's new row of `reco.batch`; None when an intact build was there before.
    counts
        Its new rows of `reco.batch_list`, one a kind.
    copy_seconds
        From the first byte of the lake to the last row's arrival.
    """

    build: int
    rows: int
    described: dict[str, Any] | None = None
    counts: tuple[dict[str, Any], ...] = ()
    copy_seconds: float | None = None


def load(connection: Connection, url: SecretStr | str, batch: Batch) -> Loaded:
    """Load and check `batch` unless PostgreSQL stores it intact; no reader sees a new build yet.

    Raises
    ------
    PublishError, ValidationError
        When the lake's lists cannot be loaded, or PostgreSQL holds something else than the lake.
    DatabaseError
        When a connection is lost or refused.
    """
    with connection, connection.cursor() as cursor:
        stored = run(cursor, "batch/find", batch_id=batch.batch_id)
    for build, rows in stored:
        if is_intact(connection, batch, build):
            logger.info("batch %s is stored and equals the lake's: checksum %s", batch.batch_id, batch.checksum)
            return Loaded(build, rows)
        logger.warning("batch %s is damaged in PostgreSQL: loading it again", batch.batch_id)
    made = load_build(connection, url, batch)
    with step(logger, f"checking build {made.number}"):
        overlap = check_build(connection, batch, made)
    described, counts = _describe(batch, made, overlap), tuple(_count(batch, filled) for filled in made.kinds)
    return Loaded(made.number, made.kinds[0].sent.rows, described, counts, made.copy_seconds)


def _count(batch: Batch, filled: Filled) -> dict[str, Any]:
    sent = filled.sent
    return {
        "batch_id": batch.batch_id,
        "kind": filled.kind.name,
        "n_lists": sent.lists,
        "n_full": sent.full,
        "n_rows": sent.rows,
        "n_items": sent.n_items,
        "checksum": combine([sent.content]),
        "positions": list(range(1, sent.longest + 1)),
    }


def _describe(batch: Batch, build: Build, overlap: float | None) -> dict[str, Any]:
    details, sent = batch.manifest.details, build.kinds[0].sent
    return {
        "batch_id": batch.batch_id,
        "run_date": batch.run_date,
        "variant": batch.variant,
        "model_version": batch.model_version,
        "training_set": details.get("training_set"),
        "n_users": sent.lists,
        "n_rows": sent.rows,
        "n_items": sent.n_items,
        "shortfall": details.get("shortfall", 0),
        "overlap": overlap,
        "checksum": batch.checksum,
        "positions": list(range(1, sent.longest + 1)),
        "metrics": json.dumps(details.get("metrics", {}), sort_keys=True),
        "build": build.number,
    }
