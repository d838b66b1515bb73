"""Overrides: of one night and named checks, the first word stands, and rows are never changed."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest

from include.serving.database import connect
from include.serving.decisions import Decision, champion_before, find_decision, record_decision
from include.serving.overrides import find_overrides, record_overrides
from tests.databases import Database

pytestmark = pytest.mark.postgres

DAY = dt.date(2026, 11, 20)


@pytest.fixture
def connection(database: Database) -> Iterator[Any]:
    with connect(database.writer_url, "tests", role="reco_writer") as opened:
        yield opened


def test_the_named_checks_of_the_night_and_no_others(connection: Any) -> None:
    record_overrides(connection, "main", DAY, ["events.volume", "items.in_stock"], "Black Friday", "ada")
    found = find_overrides(connection, "main", DAY)
    assert found.of("events.volume") == "events.volume: Black Friday (ada)"
    assert found.of("items.in_stock") == "items.in_stock: Black Friday (ada)"
    assert found.of("events.null_share") is None
    assert find_overrides(connection, "main", DAY + dt.timedelta(days=1)).reasons == {}
    assert find_overrides(connection, "other", DAY).reasons == {}


def test_all_means_every_check(connection: Any) -> None:
    record_overrides(connection, "main", DAY, ["all"], "the shop moved", "ada")
    assert find_overrides(connection, "main", DAY).of("anything") == "all: the shop moved (ada)"


def test_the_first_word_on_a_check_stands_for_good(connection: Any) -> None:
    first = record_overrides(connection, "main", DAY, ["events.volume"], "Black Friday", "ada")
    assert record_overrides(connection, "main", DAY, ["events.volume"], "another reason", "bob") == first
    assert find_overrides(connection, "main", DAY).of("events.volume") == "events.volume: Black Friday (ada)"
    with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="append-only"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM reco.model_decision WHERE kind = 'override'")
    connection.rollback()


def test_it_is_no_decision_of_the_gate_and_makes_no_champion(connection: Any) -> None:
    promoted = Decision(DAY, "main", "promote", "3", None, ["first"], {}, "f")
    record_decision(connection, promoted)
    tomorrow = DAY + dt.timedelta(days=1)
    (override,) = record_overrides(connection, "main", tomorrow, ["all"], "the shop moved", "ada")
    assert (override.model_version, override.champion) == ("3", "3")
    assert find_decision(connection, "main", tomorrow) is None
    assert champion_before(connection, "main", tomorrow + dt.timedelta(days=1)) == "3"
