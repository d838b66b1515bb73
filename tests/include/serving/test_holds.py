"""People hold a night and release it: the last word counts, a request once, and the night obeys."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from include.errors import ValidationError
from include.night.held import raise_if_held
from include.serving.database import connect
from include.serving.decisions import find_decision
from include.serving.drift import DriftReport, record_report
from include.serving.holds import HoldRequest, decide_hold, last_word
from include.settings import Settings
from tests.databases import Database
from tests.jobs.nights import with_policy

pytestmark = pytest.mark.postgres

DAY = dt.date(2026, 11, 20)


@pytest.fixture
def connection(database: Database) -> Iterator[Any]:
    with connect(database.writer_url, "tests", role="reco_writer") as opened:
        yield opened


def say(connection: Any, answer: Any, name: str, reason: str = "wrong prices", day: dt.date = DAY) -> Any:
    return decide_hold(connection, HoldRequest("main", day, answer, reason, "ada", name))


def test_the_last_word_on_a_night_counts_and_a_request_is_done_once(
    connection: Any, settings: Settings, database: Database
) -> None:
    held = with_policy(settings, database)
    raise_if_held(held, DAY)  # nobody said anything
    first = say(connection, "hold", "r1")
    assert (first.reasons, say(connection, "hold", "r1", "another")) == (["wrong prices (ada)"], first)
    with pytest.raises(ValidationError, match=r"people hold 2026-11-20: wrong prices \(ada\)"):
        raise_if_held(held, DAY)
    raise_if_held(held, DAY + dt.timedelta(days=1))
    say(connection, "release", "r2", "they are right")
    raise_if_held(held, DAY)
    say(connection, "hold", "r3")
    with pytest.raises(ValidationError, match="people hold"):
        raise_if_held(held, DAY)
    assert find_decision(connection, "main", DAY) is None


def test_a_release_also_ends_a_hold_of_the_watch(connection: Any, settings: Settings, database: Database) -> None:
    held = with_policy(settings, database)
    batch = "INSERT INTO reco.batch (batch_id, run_date, variant, model_version, n_users, n_rows, n_items, checksum, "
    database.rows(batch + "positions, state) VALUES ('b', '2026-11-19', 'main', '3', 1, 1, 1, 'c', '{1}', 'expired')")
    report = DriftReport(DAY, "main", "b", "3", "hold", False, None, None, ["the feed is broken"], {}, "page")
    record_report(connection, report)
    assert last_word(connection, "main", DAY) is None
    with pytest.raises(ValidationError, match="the drift watch holds 2026-11-20: the feed is broken"):
        raise_if_held(held, DAY)
    say(connection, "release", "r1", "it was a holiday")
    raise_if_held(held, DAY)
