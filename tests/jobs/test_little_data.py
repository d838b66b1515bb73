"""Shops that have just begun: whole nights, from their files to their lists."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr
from pyspark.sql import SparkSession

from include.lake import open_lake
from include.mapping.draft import draft_mapping
from include.mapping.write import write_mapping
from include.night import building, scoring, selling
from include.settings import Settings
from jobs import (
    build_training_set,
    count_sales,
    evaluate,
    export,
    gate,
    ingest,
    keep,
    land,
    promote,
    publish,
    score,
    train,
    verify,
)
from tests.databases import Database
from tests.include.landing.test_own_data import DOCUMENT, FILE
from tests.jobs.sparks import share_spark

pytestmark = [pytest.mark.spark, pytest.mark.postgres]

FIRST = dt.date(2026, 3, 1)
MAPPING = """
name: small
description: A shop that has just begun.
tables:
  events:
    source: {required: [id, user, item, at]}
    land: {files: ["events.csv"], day: at}
    columns: {event_id: id, user_id: user, item_id: item, event_type: "'purchase'", event_ts: at, quantity: "'1'"}
  items:
    source: {required: [item, at]}
    land: {files: ["items.csv"], day: at}
    columns: {item_id: item, title: item, updated_ts: at}
  users:
    source: {required: [user, at]}
    land: {files: ["users.csv"], day: at}
    columns: {user_id: user, updated_ts: at}
policy:
  model: {trainer: lightfm_hybrid, dimensions: 4, epochs: 2, refit_epochs: 1}
"""


@pytest.fixture
def shop(
    tracked: Settings, database: Database, spark: SparkSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Settings:
    for module in (ingest, building, scoring, selling):
        share_spark(monkeypatch, module, spark)
    (tmp_path / "export").mkdir()
    return tracked.model_copy(
        update={"database_url": SecretStr(database.writer_url), "analyst_url": SecretStr(database.analyst_url)}
    )


def run_night(settings: Settings, first: dt.date, last: dt.date) -> dict[str, Any]:
    """Run every step from the export to what readers see, and return the steps' results."""
    source = Path(settings.home, "export")
    land.run(settings, land.LandConfig(source, first, last))
    ingest.run(settings, ingest.IngestConfig(list(ingest.TABLES), None, first, last))
    built = build_training_set.run(settings, build_training_set.BuildTrainingSetConfig(last, None))
    folder = str(built["training_set"])
    trained = train.run(settings, train.TrainConfig(folder))
    version = str(trained["model_version"])
    evaluated = evaluate.run(settings, evaluate.EvaluateConfig(folder, version))
    decided = gate.run(settings, gate.GateConfig(str(evaluated["evaluation"])))
    follows = {"keep": keep.KeepConfig, "promote": promote.PromoteConfig}[decided["decision"]](last, version)
    {"keep": keep.run, "promote": promote.run}[decided["decision"]](settings, follows)  # type: ignore[operator]
    sales = str(count_sales.run(settings, count_sales.CountSalesConfig(folder))["sales"])
    scored = score.run(settings, score.ScoreConfig(last, folder, sales))
    published = publish.run(settings, publish.PublishConfig(str(scored["batch"]), False))
    seen = verify.run(settings, verify.VerifyConfig(str(scored["batch"])))
    return {"trained": trained, "evaluated": evaluated, "decided": decided, "published": published, "seen": seen}


def write_shop(settings: Settings, days: int, customers: int, anonymous: bool = False) -> Settings:
    """Write the export of a shop that sells six items to each customer now and then, "i00" most."""
    export, random = Path(settings.home, "export"), np.random.default_rng(1)
    events = ["id,user,item,at"]
    for day in range(days):
        for order in range(customers):
            item = 0 if order % 2 else random.integers(1, 12)
            user = "" if anonymous else f"u{random.integers(customers):02}"
            events.append(f"{day}-{order},{user},i{item:02},{FIRST + dt.timedelta(days=day)}")
    (export / "events.csv").write_text("\n".join(events) + "\n")
    (export / "items.csv").write_text("item,at\n" + "".join(f"i{item:02},{FIRST}\n" for item in range(12)))
    known = f",{FIRST}\n" if anonymous else "".join(f"u{user:02},{FIRST}\n" for user in range(customers))
    (export / "users.csv").write_text("user,at\n" + known)
    (export / "small.yaml").write_text(MAPPING)
    return settings.model_copy(update={"dataset": str(export / "small.yaml")})


def lists(database: Database) -> list[tuple[Any, ...]]:
    return database.rows("select user_id, item_id from reco.recommendations order by user_id, rank")


def test_the_bakery_of_the_page_has_lists_after_two_days(shop: Settings, database: Database) -> None:
    for match in FILE.finditer(DOCUMENT):
        Path(shop.home, "export", match["name"]).write_text(match["text"])
    settings = shop.model_copy(update={"dataset": str(Path(shop.home, "export", "bakery.yaml"))})
    found = run_night(settings, dt.date(2026, 3, 2), dt.date(2026, 3, 3))
    assert found["trained"]["model_version"] == "popularity"
    assert re.search(r"no model yet: .* from the night of 2026-03-16 on", found["trained"]["lacks"])
    assert found["evaluated"]["lacks"] == found["trained"]["lacks"]
    assert found["decided"]["decision"] == "keep"
    assert found["decided"]["reasons"] == [found["trained"]["lacks"]]
    assert found["published"]["live"] and found["seen"]["live"]
    assert lists(database) == [("K9", "BR-01")]  # K7 has it, and the croissant is sold out
    (row,) = database.rows("select decision, reasons from reco.model_decisions")
    assert row == ("keep", [found["trained"]["lacks"]])


def test_a_shop_that_delivers_events_alone_has_its_ids_as_titles(shop: Settings, database: Database) -> None:
    write_shop(shop, days=2, customers=10)
    export, mapping = Path(shop.home, "export"), Path(shop.home, "events.yaml")
    for table in ("items", "users"):
        (export / f"{table}.csv").unlink()
    mapping.write_text(write_mapping(draft_mapping(export)))
    found = run_night(shop.model_copy(update={"dataset": str(mapping)}), FIRST, FIRST + dt.timedelta(days=1))
    assert found["published"]["live"] and found["seen"]["live"]
    bought = set(database.rows("select distinct item_id, title from reco.popular_items"))
    assert ("i00", "Item i00") in bought and bought == {(item, f"Item {item}") for item, _ in bought}
    assert database.rows(
        "select count(distinct user_id) > 0, bool_and(title = 'Item ' || item_id) from reco.recommendations"
    ) == [(True, True)]


def test_nine_days_open_with_what_is_popular(shop: Settings, database: Database) -> None:
    settings = write_shop(shop, days=9, customers=40)
    found = run_night(settings, FIRST, FIRST + dt.timedelta(days=8))
    assert "from the night of 2026-03-15 on" in found["trained"]["lacks"]
    assert found["seen"]["live"] and len({user for user, _ in lists(database)}) == 40
    assert database.rows("select item_id from reco.popular_items order by rank limit 1") == [("i00",)]


def test_sixteen_days_of_forty_customers_have_a_model_and_say_what_it_lacks(shop: Settings, database: Database) -> None:
    settings = write_shop(shop, days=16, customers=40)
    found = run_night(settings, FIRST, FIRST + dt.timedelta(days=15))
    assert found["trained"] == {"model_version": "1", "lacks": None}
    assert found["decided"]["decision"] == "keep"
    assert "not beyond its interval" in found["decided"]["reasons"][0]  # both lists hold the whole shop
    assert found["seen"]["live"] and len({user for user, _ in lists(database)}) == 40
    assert open_lake(settings.lake_uri).list_files("_staging") == []
    counts = dict(database.rows("select kind, lists from reco.batch_lists"))
    assert all(counts[kind] for kind in ("bought_together", "trending", "best_sellers", "buy_again"))
    for call in ("bought_together('i00')", "trending()", "best_sellers('', 3)", "best_sellers(n => 3)"):
        assert database.rows(f"select rank from reco.{call} limit 1", role="analyst") == [(1,)], call
    ((text, reason_item, support),) = database.rows(
        "select reason_text, reason_item_id, support from reco.bought_together('i00', 1)", role="analyst"
    )
    assert (text, reason_item) == ("often bought with i00", "i00") and support >= 2
    target = Path(settings.home, "mail").as_uri()
    made = export.run(settings, export.ExportConfig("bought_together", target, "csv", "changed", ""))
    assert (made["export"], made["scope"]) == (f"{target}/bought_together/csv/000001", "whole")
    entries = "select entries from reco.batch_lists where kind = 'bought_together'"
    assert database.rows(entries) == [(made["rows"],)] and made["rows"] > 0
    again = "select count(*) from reco.buy_again where purchases > 1 and reason = 'due_again'"
    assert database.rows(again, role="analyst")[0][0] > 0


def test_a_shop_of_strangers_has_its_popular_list(shop: Settings, database: Database) -> None:
    settings = write_shop(shop, days=2, customers=10, anonymous=True)
    found = run_night(settings, FIRST, FIRST + dt.timedelta(days=1))
    assert "after the first events with a user_id" in found["trained"]["lacks"]
    assert found["published"] == {**found["published"], "users": 0, "live": True}
    assert database.rows("select item_id from reco.recommend('somebody', 1)") == [("i00",)]
    assert json.dumps(found)
