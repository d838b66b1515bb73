"""What the tests of the ingest share."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from pyspark.sql import SparkSession

from include.contract import Dataset
from include.ingest.ingest import ingest_table
from include.lake import Lake
from tests.include.contract.mappings import DAY, shop


@pytest.fixture
def ingest(spark: SparkSession, landing: Lake, lake: Lake) -> Any:
    """Ingest a table, and return landed, ingested, duplicate and quarantined rows."""

    def run(
        table: str = "events", days: tuple[dt.date, ...] = (DAY,), dataset: Dataset | None = None
    ) -> tuple[int, int, int, int]:
        counts = ingest_table(spark, landing, lake, dataset or shop(), table, days)
        return counts["landed"], counts["ingested"], counts["duplicates"], counts["quarantined"]

    return run
