"""The whole watch over a small shop: checks, verdict, page, rows; and that a verdict is made once."""

from __future__ import annotations

from typing import Any

import pytest

from include.errors import MissingArtifactError, ValidationError
from include.night.held import raise_if_held
from include.serving.database import WRITER, connect
from include.serving.drift import served_batches
from include.serving.rollback import RollbackRequest, roll_back
from include.settings import Settings
from jobs import data_drift, override, publish, verdict
from tests.databases import Database
from tests.watched import WatchedShop, day_after

pytestmark = pytest.mark.postgres


@pytest.fixture
def shop(settings: Settings, database: Database) -> WatchedShop:
    return WatchedShop(settings, database)


def reports(shop: WatchedShop) -> list[tuple[Any, ...]]:
    columns = "day, verdict, target, outcome, hits, previous_hits, purchases, pairs"
    query = f"select {columns} from reco.drift_reports order by day"
    return shop.database.rows(query, role="analyst")


def test_an_ordinary_day_leaves_a_row_a_page_and_nothing_else(shop: WatchedShop) -> None:
    shop.night(0, "1")
    batch = shop.night(1, "2")
    shop.ingest(2)
    found = shop.judge(2)
    assert (found["decision"], found["verdict"], found["target"]) == ("nothing", "nothing", "")
    ((day, kind, target, outcome, hits, previous, purchases, pairs),) = reports(shop)
    assert (day, kind, target, outcome) == (day_after(2), "nothing", None, None)
    assert 0.4 < hits / pairs < 0.6 and 0.4 < previous / pairs < 0.6
    assert 50 < purchases < pairs
    totals = "sum(pairs), sum(hits), sum(purchases), sum(purchase_hits), sum(revenue), sum(revenue_hits)"
    by = {
        name: shop.database.rows(f"select {totals} from reco.results_by_{name}", role="analyst")
        for name in ("item", "category", "segment")
    }
    assert by["item"] == by["category"] == by["segment"]
    ((all_pairs, all_hits, all_purchases, purchase_hits, revenue, revenue_hits),) = by["item"]
    assert (all_pairs, all_hits, all_purchases) == (pairs, hits, purchases)
    assert 0 < purchase_hits < purchases and 2 * purchases <= revenue and 0 < revenue_hits < revenue
    page = shop.lake.read_bytes(found["report"].removeprefix(f"{shop.lake.uri}/")).decode()
    assert page.startswith("<!doctype html>") and page.count("<svg") >= 7
    assert batch in page and "Verdict: <b>nothing</b>" in page
    assert "http" not in page.replace("http://www.w3.org", "")
    assert shop.run("audit_drift", 2, states="nothing=success,retrain=skipped")["outcome"] == "nothing to do"
    assert reports(shop)[0][3] == "nothing to do"


def test_a_bad_model_is_rolled_back_and_the_verdict_stands(shop: WatchedShop) -> None:
    shop.night(0, "1")
    good = shop.night(1, "2")
    shop.night(2, "3", good=False)
    shop.ingest(3)
    found = shop.judge(3)
    assert (found["decision"], found["target"]) == ("rollback", good)
    assert "would have had" in found["reason"]
    shop.night(3, "4")
    assert shop.judge(3) == found, "a night later the same verdict is shown"
    assert len(reports(shop)) == 1


def test_a_model_that_is_no_longer_live_is_not_gone_back_from(shop: WatchedShop) -> None:
    shop.night(0, "1")
    shop.night(1, "2", good=False)
    shop.night(2, "3")
    shop.ingest(2)
    found = shop.judge(2)
    assert (found["verdict"], found["decision"]) == ("rollback", "nothing")
    assert "live since" in shop.database.rows("select reasons[array_length(reasons, 1)] from reco.drift_report")[0][0]


def test_a_broken_feed_is_held_and_said_loudly(shop: WatchedShop) -> None:
    shop.night(0, "1")
    shop.night(1, "2")
    shop.ingest(2, missing=0.5)
    assert shop.judge(2)["decision"] == "hold"
    for _ in range(2):
        with pytest.raises(
            ValidationError, match=r"the feed of 2026-03-03 is broken: user_id is missing.*delivered again"
        ):
            shop.run("audit_drift", 2, states="hold=success")
    assert shop.database.rows("select outcome, count(*)::int from reco.drift_outcome group by 1") == [("held", 1)]
    assert shop.database.rows("select decision, run_date from reco.model_decisions") == [("hold", day_after(2))]


def go_live(shop: WatchedShop) -> Any:
    return publish.run(shop.settings, publish.parse_args(["--batch", shop.write_batch(1, "2").folder]))


def test_the_night_of_a_day_on_hold_stops_until_it_is_delivered_again_or_overridden(shop: WatchedShop) -> None:
    shop.night(0, "1")
    shop.ingest(1, missing=0.5)
    raise_if_held(shop.settings, day_after(1))  # not judged yet
    assert shop.judge(1)["decision"] == "hold"
    with pytest.raises(ValidationError, match=r"the drift watch holds 2026-03-02: user_id is missing.*DAG override"):
        raise_if_held(shop.settings, day_after(1))
    with pytest.raises(ValidationError, match="the drift watch holds 2026-03-02"):
        go_live(shop)
    assert shop.database.rows("select run_date from reco.batches where is_live") == [(day_after(0),)]
    raise_if_held(shop.settings, day_after(0))
    with pytest.raises(ValidationError, match="the drift watch holds 2026-03-02"):  # the next night learns from it, too
        raise_if_held(shop.settings, day_after(2))

    shop.ingest(1)
    for number in (1, 2):
        raise_if_held(shop.settings, day_after(number))
    assert go_live(shop)["live"]

    shop.ingest(1, missing=0.5)
    line = ["--date", str(day_after(1)), "--checks", "hold", "--by", "ada", "--reason", "guests only"]
    override.run(shop.settings, override.parse_args(line))
    for number in (1, 2):
        raise_if_held(shop.settings, day_after(number))


def test_a_later_day_that_is_judged_to_be_sound_ends_a_hold(shop: WatchedShop) -> None:
    shop.night(0, "1")
    shop.ingest(1, missing=0.5)
    shop.ingest(2)
    assert shop.judge(1)["decision"] == "hold"
    assert shop.judge(2)["decision"] == "nothing"
    raise_if_held(shop.settings, day_after(3))
    with pytest.raises(ValidationError, match="the drift watch holds 2026-03-02"):
        raise_if_held(shop.settings, day_after(1))


def test_a_day_judged_late_is_judged_by_the_lists_that_were_live_on_it(shop: WatchedShop) -> None:
    shop.night(0, "1")
    shop.night(2, "3")
    shop.night(1, "2")  # a backfilled night is only stored
    with connect(shop.settings.database_url, "tests", role=WRITER) as connection:
        roll_back(connection, RollbackRequest("main", "previous", "wrong lists"))
        days = {number: served_batches(connection, "main", day_after(number)) for number in (1, 2, 3)}
    assert [[one.model_version for one in days[number]] for number in (1, 2, 3)] == [["1"], ["1"], ["1", "3"]]


def test_data_that_moved_two_days_are_learned_anew(shop: WatchedShop) -> None:
    for number in range(3):
        shop.night(number, str(number + 1))
    shop.ingest(2, dearer=3.0)
    shop.ingest(3, dearer=3.0)
    assert shop.judge(2)["decision"] == "nothing"
    found = shop.judge(3)
    assert (found["decision"], found["since"]) == ("retrain", day_after(2).isoformat())
    with pytest.raises(ValidationError, match="was not carried out: task retrain is failed"):
        shop.run("audit_drift", 3, states="retrain=failed")
    assert shop.run("audit_drift", 3, states="retrain=success")["outcome"] == "done"
    outcomes = shop.database.rows("select outcome from reco.drift_outcome order by outcome_id")
    assert outcomes == [("failed",), ("done",)]


def test_the_parts_of_a_check_are_made_once(shop: WatchedShop) -> None:
    shop.night(0, "1")
    shop.ingest(1)
    for job in ("data_drift", "prediction_drift", "performance"):
        first = shop.run(job, 1)
        stamp = shop.lake.list_files(first["part"])
        assert shop.run(job, 1) == first
        assert shop.lake.list_files(first["part"]) == stamp


def test_lists_of_two_nights_are_compared(shop: WatchedShop) -> None:
    shop.night(0, "1")
    shop.ingest(1)
    assert shop.run("prediction_drift", 1)["overlap"] is None
    shop.night(1, "2")
    shop.ingest(2)
    found = shop.run("prediction_drift", 2)
    assert found["coverage"] == 1.0
    assert 0.3 < found["overlap"] < 0.7


def test_a_day_before_any_batch_is_named(shop: WatchedShop) -> None:
    with pytest.raises(MissingArtifactError, match="no batch of variant main was live before 2026-03-02"):
        shop.run("data_drift", 1)


def test_verdicts_are_append_only(shop: WatchedShop) -> None:
    shop.night(0, "1")
    shop.ingest(1)
    shop.judge(1)
    for query in ("update reco.drift_report set verdict = 'hold'", "delete from reco.drift_report"):
        with pytest.raises(Exception, match="append-only"):
            shop.database.rows(query)


def test_command_lines() -> None:
    line = ["--date", "2026-03-02", "--data", "drift/a", "--predictions", "drift/b", "--performance", "drift/c"]
    assert verdict.parse_args(line).performance == "drift/c"
    assert data_drift.parse_args(line[:2]).date == day_after(1)
