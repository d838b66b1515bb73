"""Publishing to a real server: at once or not at all, once or many times, killed or not."""

import datetime as dt
import os
import subprocess
import sys
import threading
from dataclasses import replace
from typing import Any

import psycopg2
import pyarrow.parquet as pq
import pytest

from include.errors import DatabaseError, PublishError, ValidationError
from include.lake import Lake
from include.serving.database import WRITER, connect
from include.serving.publish import Published, publish
from include.serving.rollback import RollbackRequest, roll_back
from include.serving.verify import verify
from include.settings import Settings
from tests.batches import DAY, write_batch, write_day
from tests.databases import Database
from tests.waiting import eventually

pytestmark = pytest.mark.postgres

SHOWN = "SELECT DISTINCT batch_id FROM reco.recommendations"
LISTS = "SELECT * FROM reco.recommendations ORDER BY user_id, rank"
PARTITIONS = "SELECT relname FROM pg_class WHERE relname ~ '^shelf_[0-9]+$' ORDER BY 1"


def send(
    database: Database, lake: Lake, day: int = 0, *, keep: int = 3, force: bool = False, **batch: Any
) -> Published:
    written = write_batch(lake, DAY + dt.timedelta(days=day), shift=day, **batch)
    return publish(database.writer_url, written, keep_batches=keep, force=force)


def shown(database: Database) -> list[Any]:
    return [batch for (batch,) in database.rows(SHOWN, role="analyst")]


def test_a_batch_becomes_what_analysts_read(database: Database, lake: Lake) -> None:
    done = send(database, lake)
    assert (done.users, done.rows, done.live, done.loaded) == (40, 174, True, True)
    rows = database.rows(LISTS, role="analyst")
    assert len(rows) == 174
    assert rows[5:7] == [
        ("u0001", 1, "i01", 'Thing "1", new', "c1", pytest.approx(1.5 + 1 / 7), "because_of_item", "i01",
         "main", "7", done.batch_id, DAY),
        ("u0001", 2, "i02", 'Thing "2", new', "c2", pytest.approx(1.2 + 1 / 7), "popular_in_segment", None,
         "main", "7", done.batch_id, DAY),
    ]  # fmt: skip
    ((checksum,),) = database.rows("SET ROLE reco_writer; SELECT reco.batch_checksum(%s)", (done.batch_id,))
    assert checksum == done.checksum


def test_all_kinds_of_lists_go_live_with_the_batch(database: Database, lake: Lake) -> None:
    done = send(database, lake)
    similar = "SELECT similar_item_id, title, score, reason, reason_text FROM similar_items('i03', 1)"
    assert database.rows(similar, role="analyst") == [
        ("i04", 'Thing "4", new', pytest.approx(0.9), "similar_item", 'similar to Thing "3", new')
    ]
    users = "SELECT rank, user_id, reason FROM audience WHERE subject = 'category' AND value = 'c1' ORDER BY rank"
    assert database.rows(users, role="analyst") == [(1, "u0000", "taste"), (2, 'ü "9"', "taste")]
    counted = "SELECT kind, lists, full_lists, entries, items FROM batch_lists WHERE is_live ORDER BY kind"
    assert database.rows(counted, role="analyst") == [
        ("audience", 3, 3, 6, 0), ("bought_before", 3, 3, 6, 4),
        ("placements", 6, 6, 12, 6), ("popular_by_placement", 3, 3, 6, 4),
        ("recommendations", 40, 40, 174, 12), ("similar_items", 12, 12, 24, 12),
    ]  # fmt: skip
    second = send(database, lake, 1)
    assert database.rows("SELECT DISTINCT batch_id FROM similar_items", role="analyst") == [(second.batch_id,)]
    with connect(database.writer_url, "test", role=WRITER) as connection:
        roll_back(connection, RollbackRequest("main", "previous", "no good"))
    assert database.rows("SELECT DISTINCT batch_id FROM similar_items", role="analyst") == [(done.batch_id,)]


@pytest.mark.parametrize("damage", [
    "UPDATE reco.similar_items_shelf SET scores[1] = 0.8 WHERE item_id = 'i03'",
    "UPDATE reco.audience_shelf SET users[2] = 'u 9' WHERE value = 'c1'",
    "DELETE FROM reco.audience_shelf WHERE subject = 'brand'",
])  # fmt: skip
def test_damage_to_any_kind_is_found_and_mended(database: Database, lake: Lake, damage: str) -> None:
    batch = write_batch(lake)
    publish(database.writer_url, batch, keep_batches=3)
    database.rows("SET ROLE reco_writer; " + damage)
    with pytest.raises(ValidationError, match="the lake has"):
        verify(database.analyst_url, batch)
    assert publish(database.writer_url, batch, keep_batches=3).loaded
    verify(database.analyst_url, batch)


def test_publishing_again_changes_nothing(database: Database, lake: Lake) -> None:
    everything = "SELECT * FROM reco.live, reco.batch, reco.activation, reco.nightly_run"
    first = send(database, lake)
    before = database.rows("SET ROLE reco_writer; " + everything), database.rows(LISTS)
    assert send(database, lake) == replace(first, loaded=False)
    assert (database.rows("SET ROLE reco_writer; " + everything), database.rows(LISTS)) == before


def test_damaged_content_is_replaced(database: Database, lake: Lake) -> None:
    first = send(database, lake)
    before = database.rows(LISTS)
    database.rows("UPDATE reco.shelf SET scores[1] = 77 WHERE user_id = 'u0003'")
    database.rows("DELETE FROM reco.popular WHERE segment = 'north'")
    assert database.rows(LISTS) != before
    assert send(database, lake) == first
    assert database.rows(LISTS) == before
    assert database.rows("SELECT count(*) FROM popular_items WHERE segment = 'north'", role="analyst") == [(3,)]


def test_lost_popular_items_alone_are_damage_too(database: Database, lake: Lake) -> None:
    send(database, lake)
    database.rows("UPDATE reco.popular SET score = 1 WHERE segment = 'north' AND rank = 1")
    assert send(database, lake).loaded


def test_an_older_night_is_stored_but_not_shown(database: Database, lake: Lake) -> None:
    newest = send(database, lake, 1, title="New")
    old = send(database, lake, 0, title="Old")
    assert not old.live
    assert shown(database) == [newest.batch_id]
    titles = database.rows("SELECT DISTINCT title FROM recommendations WHERE item_id = 'i01'", role="analyst")
    assert titles == [('New "1", new',)]
    history = "SELECT DISTINCT batch_id FROM recommendations_history ORDER BY 1"
    assert database.rows(history, role="analyst") == [(old.batch_id,), (newest.batch_id,)]


def test_force_shows_an_older_night_and_says_so(database: Database, lake: Lake) -> None:
    newest = send(database, lake, 1)
    old = send(database, lake, 0, force=True)
    assert old.live
    assert shown(database) == [old.batch_id]
    last = database.rows("SELECT batch_id, previous_batch_id, reason FROM reco.activation ORDER BY 1 LIMIT 1")
    assert last == [(old.batch_id, newest.batch_id, f"published by force over the newer batch {newest.batch_id}")]


def test_titles_change_when_the_batch_goes_live(database: Database, lake: Lake) -> None:
    send(database, lake, 0, title="Old")
    send(database, lake, 1, title="New")
    titles = database.rows("SELECT DISTINCT left(title, 3) FROM recommendations", role="analyst")
    assert titles == [("New",)]


def test_the_last_batches_stay_and_expired_ones_go(database: Database, lake: Lake) -> None:
    for day in range(5):
        send(database, lake, day, keep=2)
    rows = database.rows("SELECT right(batch_id, 1), state, is_live FROM batches ORDER BY run_date", role="analyst")
    assert rows == [("0", "expired", False), ("1", "expired", False), ("2", "expired", False),
                    ("3", "stored", False), ("4", "stored", True)]  # fmt: skip
    assert database.rows(PARTITIONS) == [("shelf_4",), ("shelf_5",)]
    further = PARTITIONS.replace("^shelf", "^(similar_items|audience)_shelf")
    assert [name[-1] for (name,) in database.rows(further)] == ["4", "5"] * 2
    again = send(database, lake, 0, keep=2)
    assert (again.loaded, again.live) == (True, False)


def test_the_night_is_accounted_for(database: Database, lake: Lake) -> None:
    write_day(lake)
    send(database, lake)
    columns = "landed, ingested, duplicates, quarantined, events_landed, users, recommendations, is_live"
    assert database.rows(f"SELECT {columns} FROM nightly_runs", role="analyst") == [
        (152, 143, 6, 3, 100, 40, 174, True)
    ]


def test_a_batch_that_differs_from_its_manifest_never_shows(database: Database, lake: Lake) -> None:
    first = send(database, lake)
    with pytest.raises(PublishError, match=r"its checksum is [0-9a-f]{16}, its manifest says 00000000deadbeef"):
        send(database, lake, 1, details={"checksum": "00000000deadbeef"})
    assert shown(database) == [first.batch_id]
    send(database, lake, 2)
    assert database.rows(PARTITIONS) == [("shelf_1",), ("shelf_3",)]


def test_a_batch_with_fewer_users_than_stated_never_shows(database: Database, lake: Lake) -> None:
    batch = write_batch(lake)
    wrong = replace(batch, manifest=batch.manifest.model_copy(update={"counts": {"users": 41}}))
    with pytest.raises(PublishError, match="its number of users is 40, its manifest says 41"):
        publish(database.writer_url, wrong, keep_batches=2)
    assert shown(database) == []


def test_no_server_is_one_clear_line_without_the_password(database: Database, lake: Lake) -> None:
    url = database.writer_url.replace(f":{database.server.port}/", ":1/")
    with pytest.raises(DatabaseError, match=r"PostgreSQL at 127\.0\.0\.1:1/.* as nightshelf") as caught:
        publish(url, write_batch(lake), keep_batches=2)
    assert "\n" not in str(caught.value)
    assert url.split(":")[2].split("@")[0] not in str(caught.value)
    assert caught.value.exit_code == 1


@pytest.mark.parametrize("lock", [
    "LOCK TABLE reco.shelf IN SHARE UPDATE EXCLUSIVE MODE",  # stops it after the load, before the build is complete
    "SELECT FROM reco.live FOR UPDATE",  # stops it in the switch itself
])  # fmt: skip
def test_killed_in_the_middle(database: Database, lake: Lake, settings: Settings, lock: str) -> None:
    send(database, lake)
    before = database.rows(LISTS)
    batch = write_batch(lake, DAY + dt.timedelta(days=1), shift=1, users=50)
    holder = psycopg2.connect(database.writer_url)
    holder.cursor().execute("SET ROLE reco_writer; " + lock)
    environment = {
        **os.environ, "NIGHTSHELF_HOME": str(settings.home), "NIGHTSHELF_DATABASE_URL": database.writer_url,
    }  # fmt: skip
    command = [sys.executable, "-m", "jobs.publish", "--batch", batch.folder]
    publisher = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        wait_until_blocked(database)
    finally:
        publisher.kill()
        publisher.wait()
    holder.close()
    assert database.rows(LISTS) == before
    done = publish(database.writer_url, batch, keep_batches=3)
    assert (done.live, done.users) == (True, 50)
    assert shown(database) == [batch.batch_id]
    assert len(database.rows(PARTITIONS)) == 2


def wait_until_blocked(database: Database) -> None:
    blocked = (
        "SELECT count(*) FROM pg_stat_activity WHERE application_name ~ 'publish' AND wait_event_type = 'Lock' "
        "AND datname = current_database()"
    )
    assert eventually(lambda: database.rows(blocked) != [(0,)], seconds=60), "the publisher never came to the lock"


def test_two_publishers_at_once_take_turns(database: Database, lake: Lake) -> None:
    batches = [write_batch(lake, DAY + dt.timedelta(days=day), shift=day) for day in range(3)]
    done: list[Published] = []
    threads = [
        threading.Thread(target=lambda b=b: done.append(publish(database.writer_url, b, keep_batches=3)))
        for b in batches
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 3
    assert shown(database) == [batches[-1].batch_id]
    assert len(database.rows(PARTITIONS)) == 3


def test_readers_see_one_whole_batch_in_every_query(database: Database, lake: Lake) -> None:
    send(database, lake, 0, users=40)
    query = "SELECT count(DISTINCT user_id), min(batch_id), max(batch_id) FROM recommendations"
    seen: set[tuple[Any, ...]] = set()
    failures: list[Exception] = []
    stop = threading.Event()

    def read() -> None:
        connection = psycopg2.connect(database.analyst_url)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"PREPARE shown AS {query}")
            while not stop.is_set():
                try:
                    cursor.execute("EXECUTE shown")
                    seen.add(cursor.fetchone() or ())
                except psycopg2.Error as error:
                    failures.append(error)
                    return
        connection.close()

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for day in range(1, 7):
        send(database, lake, day, users=40 + day, keep=2)
    stop.set()
    for reader in readers:
        reader.join()
    assert not failures
    assert {users - 40 for users, _, _ in seen} >= {6}
    for users, first, last in seen:
        assert first == last
        assert int(first[-2:], 16) == users - 40


def test_a_transaction_goes_on_with_the_batch_that_it_began_with(database: Database, lake: Lake) -> None:
    """Plans that a transaction made before the new partition came would find nothing in it."""
    first = send(database, lake)
    reader = psycopg2.connect(database.analyst_url)
    with reader.cursor() as cursor:
        cursor.execute("PREPARE shown AS SELECT min(batch_id), count(*) FROM recommendations WHERE user_id = 'u0001'")
        for _ in range(7):  # from the sixth on, the plan is kept
            cursor.execute("EXECUTE shown")
        second = send(database, lake, 1)
        cursor.execute("EXECUTE shown")
        assert cursor.fetchall() == [(first.batch_id, 5)]
        reader.rollback()
        cursor.execute("EXECUTE shown")
        assert cursor.fetchall() == [(second.batch_id, 5)]
    reader.close()


def test_expired_builds_wait_for_their_readers_and_nobody_waits_for_them(
    database: Database, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("include.serving.load.builds.DROP_TIMEOUT", "300ms")
    send(database, lake, 0, keep=2)
    reader = psycopg2.connect(database.analyst_url)
    with reader.cursor() as cursor:
        cursor.execute(LISTS)
        for day in (1, 2, 3):
            send(database, lake, day, keep=2)
        assert shown(database)[0].endswith("3")
    assert len(database.rows(PARTITIONS)) > 2
    reader.close()
    send(database, lake, 3, keep=2)
    assert len(database.rows(PARTITIONS)) == 2


def test_the_lake_file_that_is_cut_off_is_named_before_anything_is_sent(lake: Lake) -> None:
    from include.errors import MissingArtifactError
    from include.serving.batch import open_batch

    batch = write_batch(lake)
    path = f"{batch.folder}/{batch.manifest.paths('recommendations')[0]}"
    lake.write_bytes(path, lake.read_bytes(path)[:-10])
    with pytest.raises(MissingArtifactError, match="recommendations/part-0"):
        open_batch(lake, batch.folder)
    assert pq.read_table(lake.filesystem()[1] + f"/{batch.folder}/{batch.manifest.paths('items')[0]}").num_rows == 12
