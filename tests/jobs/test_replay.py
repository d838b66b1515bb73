"""A mapping is corrected: one command moves the set-aside rows, and the books in PostgreSQL follow."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import SecretStr
from pyspark.sql import SparkSession

from include.errors import ConfigurationError
from include.lake import Lake, open_lake
from include.night.deliveries import compare
from include.settings import Settings
from jobs import compare_landing, ingest, replay
from tests.databases import Database
from tests.include.contract.mappings import DAY, NEXT_DAY, SHOP, deliver, shop
from tests.include.ingest.days import GOOD, HEADER
from tests.jobs.sparks import share_spark

pytestmark = [pytest.mark.spark, pytest.mark.postgres]

BOOKS = (
    "select ingest_date, source_file, rows_landed, rows_ingested, rows_duplicate, rows_quarantined "
    "from reco.ingest_accounts where table_name = 'events' order by 1, 2"
)


def test_the_books_follow(
    settings: Settings, database: Database, landing: Lake, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (ingest, replay):
        share_spark(monkeypatch, module, spark)
    mapping = Path(settings.home, "shop.yaml")
    settings = settings.model_copy(update={"dataset": str(mapping), "database_url": SecretStr(database.writer_url)})
    mapping.write_text(yaml.safe_dump(SHOP))
    bad = "2,milk,2026-03-02,zwei,ann,1\n"
    deliver(landing, "events", DAY, {"a.csv": HEADER + GOOD + bad, "b.csv": HEADER + bad + "3,bag,2026-03-02,1,,\n"})
    deliver(landing, "events", NEXT_DAY, {"c.csv": HEADER + bad.replace("2,m", "4,m")})
    ingest.run(settings, ingest.IngestConfig(["events"], None, DAY, NEXT_DAY))
    compare_landing.run(settings, compare_landing.CompareLandingConfig(NEXT_DAY))
    assert database.rows(BOOKS) == [
        (DAY, "a.csv", 2, 1, 0, 1), (DAY, "b.csv", 2, 0, 0, 2), (NEXT_DAY, "c.csv", 1, 0, 0, 1),
    ]  # fmt: skip
    columns = {**SHOP["tables"]["events"]["columns"], "quantity": "if(pieces = 'zwei', '2', pieces)"}
    corrected = shop(columns=columns)
    events = {**SHOP["tables"]["events"], "columns": columns}
    mapping.write_text(yaml.safe_dump({**SHOP, "tables": {**SHOP["tables"], "events": events}}))
    config = replay.parse_args(["--from", str(DAY), "--to", str(NEXT_DAY), "--tables", "events"])
    expected = {"replayed": 4, "ingested": 2, "duplicates": 1, "quarantined": 1}
    assert replay.run(settings, config) == {"events": expected}
    moved = [(DAY, "a.csv", 2, 2, 0, 0), (DAY, "b.csv", 2, 0, 1, 1), (NEXT_DAY, "c.csv", 1, 1, 0, 0)]
    assert database.rows(BOOKS) == moved
    assert compare(landing, open_lake(settings.lake_uri), corrected, NEXT_DAY) == []
    again = {"replayed": 1, "ingested": 0, "duplicates": 0, "quarantined": 1}
    assert replay.run(settings, config) == {"events": again}
    assert database.rows(BOOKS) == moved


def test_a_range_that_ends_before_it_begins_is_refused(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="is no range of days"):
        replay.run(settings, replay.ReplayConfig(NEXT_DAY, DAY, ["events"]))
