"""`python -m jobs.ingest`: which days it takes, and the real mappings on a few of their rows."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from include.errors import ConfigurationError
from include.lake import Lake, open_folder
from jobs import ingest, land
from jobs._command import main
from tests.include.contract.mappings import deliver

DAY = dt.date(2026, 3, 2)
DAY_ON_TIME = {"late": 0, "differing": 0}


@pytest.fixture
def job(spark: SparkSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Let the job use the tests' Spark."""

    @contextlib.contextmanager
    def session(*_: object) -> Iterator[SparkSession]:
        yield spark

    monkeypatch.setattr(ingest, "spark_session", session)
    monkeypatch.setenv("NIGHTSHELF_HOME", str(tmp_path))
    return monkeypatch


def run(*argv: str) -> int:
    return main(ingest.parse_args, ingest.run, argv)


@pytest.mark.parametrize(
    ("argv", "days"),
    [
        (["--date", "2026-03-02"], [DAY]),
        (["--from", "2026-03-02", "--to", "2026-03-03"], [DAY, dt.date(2026, 3, 3)]),
    ],
)
def test_one_day_or_a_range(argv: list[str], days: list[dt.date]) -> None:
    assert ingest.parse_args(argv).days == days


@pytest.mark.parametrize(
    ("argv", "remedy"),
    [
        ([], "--date D for one day"),
        (["--from", "2026-03-02"], "--date D for one day"),
        (["--date", "2026-03-02", "--to", "2026-03-03"], "--date D for one day"),
        (["--from", "2026-03-03", "--to", "2026-03-02"], "give the earlier day in --from"),
    ],
)
def test_anything_else_is_refused(argv: list[str], remedy: str) -> None:
    with pytest.raises(ConfigurationError, match=remedy):
        assert ingest.parse_args(argv).days


@pytest.mark.spark
def test_the_demo_shops_files_are_the_contract(
    job: pytest.MonkeyPatch, landing: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    event = "e1,u1,i1,view,2026-03-02T10:00:00Z,1,\n"
    text = (
        "event_id,user_id,item_id,event_type,event_ts,quantity,price\n" + event + event + event.replace("view", "gaze")
    )
    deliver(landing, "events", DAY, {"part-0.csv.gz": text})
    item = {"item_id": "i1", "title": "Lamp", "category": "LIGHT", "price": "9.5", "in_stock": "true", "brand": "Lux"}
    item |= {"launched_on": "2026-03-01", "updated_ts": "2026-03-02 00:00:00"}
    deliver(landing, "items", DAY, {"part-0.jsonl": json.dumps(item) + "\n"})
    deliver(
        landing, "users", DAY, {"u.csv": "user_id,country,signed_up_on,channel,updated_ts\nu1,IT,2026-03-01,ads,\n"}
    )
    assert run("--date", "2026-03-02") == 0
    assert json.loads(capsys.readouterr().out) == {
        "events": {"landed": 3, "ingested": 1, "duplicates": 1, "quarantined": 1, **DAY_ON_TIME},
        "items": {"landed": 1, "ingested": 1, "duplicates": 0, "quarantined": 0, **DAY_ON_TIME},
        "users": {"landed": 1, "ingested": 1, "duplicates": 0, "quarantined": 0, **DAY_ON_TIME},
    }


@pytest.mark.spark
def test_online_retails_dirt_is_named(job: pytest.MonkeyPatch, lake: Lake, tmp_path: Path) -> None:
    job.setenv("NIGHTSHELF_DATASET", "online_retail")
    lines = [
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country",
        "536365,85123a, WHITE HEART HOLDER ,6,2010-12-01 08:26:00,2.55,17850,United Kingdom",
        "536365,85123a, WHITE HEART HOLDER ,6,2010-12-01 08:26:00,2.55,17850,United Kingdom",
        "C536366,85123A,WHITE HEART HOLDER,-6,2010-12-01 08:30:00,2.55,17850,United Kingdom",
        "536367,POST,POSTAGE,1,2010-12-01 08:31:00,18,12583,France",
        "536368,22139,,56,2010-12-01 11:52:00,0,,United Kingdom",
        "536369,21777,damages,-10,2010-12-01 09:49:00,0,,United Kingdom",
        "A563185,B,Adjust bad debt,1,2010-12-01 14:50:00,-11062.06,,United Kingdom",
        "536370,DCGS0004,HAUNTED HOUSE,1,2010-12-01 15:00:00,0.85,,United Kingdom",
    ]
    (tmp_path / "retail.csv").write_text("\n".join(lines) + "\n")
    assert main(land.parse_args, land.run, ["--source", str(tmp_path / "retail.csv")]) == 0
    assert run("--tables", "events", "items", "--date", "2010-12-01") == 0
    events = open_folder(lake, "events/ingest_date=2010-12-01")
    assert events.counts == {"landed": 8, "ingested": 3, "duplicates": 1, "quarantined": 4, **DAY_ON_TIME}
    assert events.details["quarantined_by_reason"] == {"no_price": 1, "service_code": 2, "stock_adjustment": 1}
    items = open_folder(lake, "items/ingest_date=2010-12-01")
    assert items.details["quarantined_by_reason"] == {"service_code": 2, "stock_note": 2}
    assert items.counts["ingested"] == 2


def test_a_day_that_is_not_complete_is_no_case_for_another_try(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is known before Spark takes its time to start."""

    def session(*_: object) -> None:
        raise AssertionError("Spark was started")

    monkeypatch.setattr(ingest, "spark_session", session)
    monkeypatch.setenv("NIGHTSHELF_HOME", str(tmp_path))
    assert run("--tables", "events", "--date", "2026-03-02") == 3
    assert "events/ingest_date=2026-03-02/_SUCCESS is not there" in capsys.readouterr().err
