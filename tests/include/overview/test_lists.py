"""Two batches side by side, on a sample that is always the same."""

from __future__ import annotations

import datetime as dt

import pytest
from pydantic import SecretStr

from include.errors import DatabaseError
from include.lake import Lake
from include.overview.lists import compare, find_list
from include.overview.session import reading, rows
from include.serving.publish import publish
from include.settings import Settings
from tests.batches import DAY, write_batch
from tests.databases import Database

pytestmark = pytest.mark.postgres

USERS = 3000


@pytest.fixture
def reader(settings: Settings, database: Database, lake: Lake) -> Settings:
    for day, users in ((0, USERS - 30), (1, USERS)):
        batch = write_batch(lake, DAY + dt.timedelta(days=day), shift=2 * day, users=users, lengths=(5,))
        publish(database.writer_url, batch, keep_batches=3)
    return settings.model_copy(update={"analyst_url": SecretStr(database.analyst_url)})


BEFORE, AFTER = f"{DAY}-{0:012x}", f"{DAY + dt.timedelta(days=1)}-{2:012x}"


def test_batches_are_compared_on_a_sample_and_alike_every_time(reader: Settings) -> None:
    found = compare(reader, BEFORE, AFTER)
    assert (found.users, found.sampled) == (USERS, 2000) and found == compare(reader, BEFORE, AFTER)
    assert found.overlap == pytest.approx(0.6) and found.spread[5] + found.spread[6] == found.sampled - found.new
    assert all(row["kept"] == 3 for row in found.changed) and len(found.changed) == 15


def test_a_batch_is_equal_to_itself(reader: Settings) -> None:
    found = compare(reader, AFTER, AFTER)
    assert (found.overlap, found.new, found.spread[9]) == (1.0, 0, found.sampled)


def test_a_batch_that_is_not_stored_is_named(reader: Settings) -> None:
    with pytest.raises(DatabaseError, match="batch gone is not stored"):
        compare(reader, "gone", AFTER)


def test_a_user_has_a_list_and_a_stranger_what_is_popular(reader: Settings) -> None:
    mine, none = find_list(reader, "u0001"), find_list(reader, "nobody")
    assert mine.own is not None and mine.own["batch_id"] == AFTER and len(mine.entries) == 5
    assert none.own is None and none.entries[0]["reason"] == "popular"


def test_no_question_of_the_page_scans_the_lists(reader: Settings) -> None:
    both = {"variant": "main", "user_id": "u0001", "n": 50, "model_version": "7"}
    questions = ("live", "champion", "events", "batches", "own_list", "list")
    with reading(reader, "tests") as cursor:
        for name in questions:
            rows(cursor, name, **both, most=12)
        rows(cursor, "nights", variant="main", up_to=dt.date.max, nights=30)
        cursor.execute(
            "SELECT sum(seq_scan), sum(idx_scan) > 0 FROM pg_stat_xact_user_tables WHERE relname ~ '^shelf_'"
        )
        assert cursor.fetchone() == (0, True)
