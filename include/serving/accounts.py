"""The books of the ingest, from the lake's manifests to PostgreSQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from include.columns import TABLES
from include.lake import Lake, Manifest, list_days, load_days
from include.serving.statements import run

if TYPE_CHECKING:
    from include.serving.database import Connection

NOTHING = dict.fromkeys(("records", "landed", "ingested", "duplicates", "quarantined", "late", "differing"), 0)


def record_accounts(connection: Connection, lake: Lake, since: dt.date) -> int:
    """Record the days of the lake that PostgreSQL does not have yet, and those from `since` on that have changed.

    Returns
    -------
    How many days of tables were recorded.
    """
    recorded = 0
    with connection, connection.cursor() as cursor:
        known = {(table, day): fingerprint for table, day, fingerprint in run(cursor, "ingest_account/known")}
        for table in TABLES:
            days = [day for day in list_days(lake, table) if day >= since or (table, day) not in known]
            for day, manifest in load_days(lake, table, days).items():
                if known.get((table, day)) != manifest.fingerprint:
                    _replace(cursor, table, day, manifest)
                    recorded += 1
    return recorded


def _replace(cursor: Any, table: str, day: dt.date, manifest: Manifest) -> None:
    run(cursor, "ingest_account/delete", table_name=table, ingest_date=day)
    for name, counts in _files(manifest).items():
        values = {"table_name": table, "ingest_date": day, "fingerprint": manifest.fingerprint, "source_file": name}
        run(cursor, "ingest_account/insert", **values, **NOTHING | dict(counts))


def _files(manifest: Manifest) -> Mapping[str, Mapping[str, int]]:
    """Return the counts by file; a day without files, or one that an earlier version ingested, is one entry."""
    listed: Mapping[str, Mapping[str, int]] = manifest.details.get("files", {})
    counts = {key: value for key, value in manifest.counts.items() if key in NOTHING}
    return listed or {"": {"records": counts.get("landed", 0), **counts}}
