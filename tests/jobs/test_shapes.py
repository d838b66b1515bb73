"""Six exports in shapes that shops have: mapped, not edited, and taken from their files to the shelf.

NIGHTSHELF_SHAPES=all runs the night of each of them; otherwise two stand for the others.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from include.mapping.draft import draft_mapping
from include.mapping.write import write_mapping
from include.settings import Settings
from jobs import map as job
from jobs import validate
from tests.databases import Database
from tests.jobs.sparks import share_spark
from tests.jobs.test_little_data import run_night, shop  # noqa: F401 - a fixture
from tests.shapes import DAYS, FIRST, SHAPES, USERS, events, purchases, write_shape

pytestmark = pytest.mark.spark

LAST = FIRST.date() + dt.timedelta(days=DAYS - 1)
NIGHTS = list(SHAPES) if os.environ.get("NIGHTSHELF_SHAPES") == "all" else ["shopify", "tracking"]
EVENTS, BOUGHT = events(), purchases()
LINES = sum(1 + number % 2 for number in range(len(BOUGHT)))
CANCELLED = sum(1 + number % 2 for number in range(len(BOUGHT)) if number % 50 == 7)
PAGES = sum(event.number % 12 == 5 for event in EVENTS)
SECOND = sum(event.kind == "purchase" and event.number % 2 for event in EVENTS if event.number % 12 != 5)
# What the trial ingests of the events, and why it sets rows aside.
BOOKS: dict[str, tuple[int, dict[str, int]]] = {
    "shopify": (LINES - CANCELLED, {"cancelled": CANCELLED}),
    "retailrocket": (len(EVENTS), {}),
    "movielens": (len(EVENTS), {}),
    "fashion": (len(BOUGHT), {}),
    "tracking": (len(EVENTS) - PAGES + SECOND, {"other_event": PAGES}),
    "erp": (LINES, {"sum_line": 1}),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_first_mapping_takes_all_but_what_is_no_event(
    name: str, settings: Settings, spark: SparkSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    share_spark(monkeypatch, job, spark)
    result = job.run(settings, job.MapConfig(write_shape(name, tmp_path / name), tmp_path, False))
    assert result["mapping"] == str(tmp_path / f"{name}.yaml")
    taken = result["tables"]["events"]
    reasons = {reason: found["rows"] for reason, found in taken["reasons"].items()}
    assert (taken["ingested"], reasons) == BOOKS[name]
    assert taken["landed"] == taken["ingested"] + taken["duplicates"] + taken["quarantined"]
    assert result["events_with_known_item"] == 1.0
    assert [table for table, one in result["tables"].items() if one["quarantined"] and table != "events"] == []


@pytest.mark.postgres
@pytest.mark.parametrize("name", NIGHTS)
def test_an_export_comes_to_the_shelf_as_it_is(name: str, shop: Settings, database: Database) -> None:  # noqa: F811
    mapping = Path(shop.home, f"{name}.yaml")
    mapping.write_text(write_mapping(draft_mapping(write_shape(name, Path(shop.home, "export")))))
    settings = shop.model_copy(update={"dataset": str(mapping)})
    found = run_night(settings, FIRST.date(), LAST)
    assert validate.run(settings, validate.ValidateConfig(LAST))["failed"] == 0
    assert found["trained"]["model_version"] == "1" and found["published"]["live"]
    (row,) = database.rows("select count(distinct user_id), bool_and(title <> item_id) from reco.recommendations")
    assert row == (2 * USERS if name == "tracking" else USERS, True)
