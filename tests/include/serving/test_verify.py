"""Verification sees what analysts see, and names the first difference."""

import datetime as dt

import pytest

from include.errors import ValidationError
from include.lake import Lake
from include.serving.batch import Batch
from include.serving.publish import publish
from include.serving.verify import verify
from tests.batches import DAY, write_batch
from tests.databases import Database

pytestmark = pytest.mark.postgres


def published(database: Database, lake: Lake, day: int = 0, *, shift: int | None = None, force: bool = False) -> Batch:
    batch = write_batch(lake, DAY + dt.timedelta(days=day), shift=day if shift is None else shift, lengths=(5, 3, 0))
    publish(database.writer_url, batch, keep_batches=2, force=force)
    return batch


def test_a_published_batch_is_found_as_it_lies_in_the_lake(database: Database, lake: Lake) -> None:
    batch = published(database, lake)
    seen = verify(database.analyst_url, batch)
    assert (seen.live, seen.users, seen.checksum, seen.superseded_by) == (True, 40, batch.checksum, None)


def test_a_superseded_batch_is_compared_too(database: Database, lake: Lake) -> None:
    old = published(database, lake)
    new = published(database, lake, 1)
    seen = verify(database.analyst_url, old)
    assert (seen.live, seen.superseded_by) == (False, new.batch_id)
    database.rows("UPDATE reco.shelf SET reasons[1] = 3 WHERE build = 1 AND user_id = 'u0001'")
    with pytest.raises(ValidationError, match="user 'u0001'"):
        verify(database.analyst_url, old)


def test_an_expired_batch_is_no_error(database: Database, lake: Lake) -> None:
    old = published(database, lake)
    for day in (1, 2, 3):
        new = published(database, lake, day)
    assert verify(database.analyst_url, old).superseded_by == new.batch_id


def test_a_later_batch_of_the_same_night_supersedes(database: Database, lake: Lake) -> None:
    first = published(database, lake)
    second = published(database, lake, shift=9)
    assert verify(database.analyst_url, first).superseded_by == second.batch_id


def test_a_batch_that_was_never_published(database: Database, lake: Lake) -> None:
    published(database, lake)
    with pytest.raises(ValidationError, match=r"2026-11-21-0{11}1 was never published"):
        verify(database.analyst_url, write_batch(lake, DAY + dt.timedelta(days=1), shift=1))


def test_readers_of_an_older_batch(database: Database, lake: Lake) -> None:
    old = published(database, lake)
    new = published(database, lake, 1)
    publish(database.writer_url, old, keep_batches=2, force=True)
    with pytest.raises(ValidationError, match=f"readers see {old.batch_id}, not {new.batch_id}"):
        verify(database.analyst_url, new)


@pytest.mark.parametrize(("damage", "problem"), [
    ("UPDATE reco.shelf SET scores[2] = 9 WHERE user_id = 'u0001'", "user 'u0001'"),
    ("UPDATE reco.item SET item_id = 'other' WHERE item_id = 'i01'", "user 'u000"),
    ("DELETE FROM reco.shelf WHERE user_id = 'u0004'", "lists of 26 users .* the lake has 27"),
    ("UPDATE reco.batch SET checksum = 'x'", "states checksum x"),
    ("UPDATE reco.batch SET n_users = 41", "states 41 users .* the lake has 40"),
    ("DELETE FROM reco.popular", "nothing for a stranger"),
])  # fmt: skip
def test_differences_are_named(database: Database, lake: Lake, damage: str, problem: str) -> None:
    batch = published(database, lake)
    database.rows(damage)
    with pytest.raises(ValidationError, match=problem) as caught:
        verify(database.analyst_url, batch)
    assert caught.value.exit_code == 3


def test_the_lists_of_very_large_batches_are_not_counted(
    database: Database, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    from include.serving import verify as module

    monkeypatch.setattr(module, "MOST_COUNTED", 39)
    batch = published(database, lake)
    assert module._read_lake(batch).users is None
    database.rows("DELETE FROM reco.shelf WHERE user_id = 'u0002'")  # has no list, so is not in the sample
    assert verify(database.analyst_url, batch).users == 40
    database.rows("UPDATE reco.shelf SET scores[2] = 9 WHERE user_id = 'u0001'")
    with pytest.raises(ValidationError, match="user 'u0001'"):
        verify(database.analyst_url, batch)


def test_large_batches_are_sampled(database: Database, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    from include.serving import verify as module

    monkeypatch.setattr(module, "SAMPLE", 7)
    batch = published(database, lake)
    expected = module._read_lake(batch)
    assert expected.users == 27
    assert list(expected.lists) == ["u0000", "u0007", "u0015", "u0022", "u0030", "u0037"]
    assert verify(database.analyst_url, batch).live
