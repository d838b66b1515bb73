"""What the DAGs announce when it changed, and the pool that keeps writers apart."""

from __future__ import annotations

from airflow.sdk import Asset

from include.columns import TABLES
from include.settings import Settings

# Two writers of one table's day would each delete what the other's manifest lists. A night's
# ingest takes one slot a table, bootstrap_history takes them all. See deploy/airflow/pools.json.
LAKE_POOL = "lake_tables"
LAKE_POOL_SLOTS = len(TABLES)

LIVE_BATCH = Asset("reco.live", uri="nightshelf://reco/live")


def lake_tables(settings: Settings) -> dict[str, Asset]:
    """Return the asset of each table of the lake, by the table's name.

    `part` tells the operator which part of the job's result belongs to the asset.
    """
    return {
        table: Asset(f"lake.{table}", uri=f"{settings.lake_uri}/{table}", extra={"part": table}) for table in TABLES
    }
