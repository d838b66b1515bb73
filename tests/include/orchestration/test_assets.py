"""The pool that the stack makes is the pool that the DAGs use."""

from __future__ import annotations

import json

from include.columns import TABLES
from include.orchestration.assets import LAKE_POOL, LAKE_POOL_SLOTS, lake_tables
from include.settings import PROJECT, Settings


def test_bootstrap_takes_every_slot_of_the_pool() -> None:
    pools = json.loads((PROJECT / "deploy" / "airflow" / "pools.json").read_text())
    assert {name: pool["slots"] for name, pool in pools.items()} == {LAKE_POOL: LAKE_POOL_SLOTS, "tuning": 1}


def test_each_table_of_the_lake_is_an_asset(settings: Settings) -> None:
    assets = lake_tables(settings)
    assert [(asset.name, asset.extra["part"]) for asset in assets.values()] == [(f"lake.{t}", t) for t in TABLES]
    assert assets["events"].uri == f"{settings.lake_uri}/events"
