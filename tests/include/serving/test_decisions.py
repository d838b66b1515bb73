"""The gate's decisions: the first one stands, and champions follow from the rows."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg2
import pytest

from include.serving.database import connect
from include.serving.decisions import (
    Decision,
    champion_as_of,
    champion_before,
    champions,
    find_decision,
    record_decision,
)
from tests.databases import Database

pytestmark = pytest.mark.postgres

DAY = dt.date(2026, 11, 20)
FIRST = Decision(DAY, "main", "promote", "1", None, ["no champion yet"], {"recall": 0.13}, "f1")


def night(offset: int, version: str, kind: Any = "promote") -> Decision:
    return replace(FIRST, run_date=DAY + dt.timedelta(days=offset), model_version=version, kind=kind)


@pytest.fixture
def connection(database: Database) -> Iterator[Any]:
    with connect(database.writer_url, "tests", role="reco_writer") as opened:
        yield opened


def test_the_first_decision_on_an_evaluation_stands(connection: Any) -> None:
    assert record_decision(connection, FIRST) == FIRST
    assert record_decision(connection, replace(FIRST, kind="keep", reasons=["changed my mind"])) == FIRST


def test_another_evaluation_of_the_same_night_is_another_decision(connection: Any) -> None:
    record_decision(connection, FIRST)
    second = replace(FIRST, kind="keep", fingerprint="f2")
    assert record_decision(connection, second) == second
    assert find_decision(connection, "main", DAY) == second
    assert find_decision(connection, "other", DAY) is None


def test_champions_follow_run_dates_and_not_the_order_of_recording(connection: Any) -> None:
    for decision in (night(2, "3"), night(0, "1"), night(1, "2", "keep"), night(3, "3")):
        record_decision(connection, decision)
    assert champion_before(connection, "main", DAY) is None
    assert champion_as_of(connection, "main", DAY) == "1"
    assert champion_before(connection, "main", DAY + dt.timedelta(days=2)) == "1"
    assert champion_as_of(connection, "main", DAY + dt.timedelta(days=2)) == "3"
    assert champions(connection, "main") == ["3", "1"]
    assert champions(connection, "other") == []


@pytest.mark.parametrize("change", ["UPDATE reco.model_decision SET kind = 'keep'", "DELETE FROM reco.model_decision",
                                    "TRUNCATE reco.model_decision"])  # fmt: skip
def test_decisions_cannot_be_changed(connection: Any, database: Database, change: str) -> None:
    record_decision(connection, FIRST)
    with pytest.raises(psycopg2.Error, match="append-only"):
        database.rows(change)
    assert find_decision(connection, "main", DAY) == FIRST
