"""What a night took in: the row accounts of the day's partitions, as their manifests say."""

from __future__ import annotations

import datetime as dt

from include.columns import TABLES
from include.lake import Lake, find_manifest, partition_folder

COUNTS = ("landed", "ingested", "duplicates", "quarantined")


def day_accounts(lake: Lake, day: dt.date) -> dict[str, dict[str, int]]:
    """Return the four counts of each table of the contract; a table that has no such day is left out."""
    manifests = {table: find_manifest(lake, partition_folder(table, day)) for table in TABLES}
    return {
        table: {name: manifest.counts.get(name, 0) for name in COUNTS}
        for table, manifest in manifests.items()
        if manifest
    }
