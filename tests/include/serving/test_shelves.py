"""Nothing goes live that leaves lists empty which were full."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from include.errors import ValidationError
from include.lake import Lake
from include.policy import load_policy
from include.serving.database import WRITER, connect
from include.serving.overrides import record_overrides
from include.serving.publish import publish
from include.serving.shelves import Shelf, find_losses, measure, refuse_empty_shelves
from tests.batches import DAY, write_batch
from tests.databases import Database

LIMITS = load_policy().publish
FULL = pa.array([f"u{n}" for n in range(100)])
LIVE = Shelf(
    users=100,
    filled=1.0,
    full=FULL,
    empty=FULL[:0],
    items=1000,
    in_stock=0.97,
    popular=100,
    lists={"similar_items": 40},
)
NEXT = DAY + dt.timedelta(days=1)


def checks(live: Shelf | None = LIVE, **changes: Any) -> list[str]:
    return [loss.check for loss in find_losses(replace(LIVE, **changes), live, LIMITS)]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, []),
        ({"users": 60, "items": 600, "in_stock": 0.5, "filled": 0.6, "popular": 1}, []),
        ({"in_stock": 0.0}, ["publish.in_stock"]),
        ({"in_stock": 0.48}, ["publish.in_stock"]),
        ({"items": 499}, ["publish.items"]),
        ({"users": 49}, ["publish.users"]),
        ({"filled": 0.49}, ["publish.filled"]),
        ({"popular": 0}, ["publish.popular"]),
        ({"lists": {"similar_items": 19}}, ["publish.similar_items"]),
        ({"lists": {"similar_items": 20, "audience": 0}}, []),
        ({"lists": {}}, []),
        ({"empty": FULL[:5], "full": FULL[5:]}, []),
        ({"empty": FULL[:6], "full": FULL[6:]}, ["publish.emptied"]),
        ({"empty": pa.array([f"new{n}" for n in range(50)])}, []),
    ],
)
def test_what_readers_would_lose(changes: dict[str, Any], found: list[str]) -> None:
    assert checks(**changes) == found


def test_the_first_batch_must_have_something_popular() -> None:
    assert checks(None) == []
    assert checks(None, popular=0, in_stock=0.0) == ["publish.popular"]


def test_what_was_empty_may_stay_empty() -> None:
    live = replace(LIVE, full=FULL[:50], empty=FULL[50:], in_stock=0.0, filled=0.0, popular=0)
    assert checks(live, full=FULL[:50], empty=FULL[50:], in_stock=0.0, filled=0.0, popular=0) == []


def test_a_batch_is_measured(lake: Lake) -> None:
    shelf = measure(write_batch(lake, users=6, lengths=(5, 0, 4)))
    assert (shelf.users, shelf.filled, shelf.items, shelf.popular) == (6, 18 / 30, 12, 8)
    assert shelf.in_stock == pytest.approx(11 / 12)
    assert (shelf.full.to_pylist(), shelf.empty.to_pylist()) == (
        ["u0000", "u0002", "u0003", "u0005"],
        ["u0001", "u0004"],
    )


def test_a_live_batch_that_is_gone_from_the_lake_is_not_compared(lake: Lake, caplog: pytest.LogCaptureFixture) -> None:
    refuse_empty_shelves(write_batch(lake), "2026-11-19-gone", LIMITS, lambda _: None)
    assert "is not compared with the live one" in caplog.text


@pytest.mark.postgres
def test_the_pointer_stays_until_somebody_lets_the_night_pass(database: Database, lake: Lake) -> None:
    live = write_batch(lake)
    publish(database.writer_url, live, keep_batches=3, limits=LIMITS)
    empty = write_batch(lake, NEXT, shift=1, lengths=(0, 0, 1))
    for _ in range(2):
        with pytest.raises(ValidationError) as error:
            publish(database.writer_url, empty, keep_batches=3, limits=LIMITS)
        message = str(error.value)
        assert message.startswith(f"batch {empty.batch_id} does not go live, publish.filled: 6.5% of the places")
        assert "87.0% in the live batch; and publish.emptied" in message
        assert "set publish.min_filled in the policy" in message
        assert "Checks=publish.filled,publish.emptied" in message
        assert database.rows("SELECT DISTINCT batch_id FROM reco.recommendations", role="analyst") == [(live.batch_id,)]
    with connect(database.writer_url, "tests", role=WRITER) as connection:
        record_overrides(connection, "main", NEXT, ["publish.filled", "publish.emptied"], "moving house", "ada")
    assert publish(database.writer_url, empty, keep_batches=3, limits=LIMITS).live


@pytest.mark.postgres
def test_a_batch_that_does_not_go_live_is_only_stored(database: Database, lake: Lake) -> None:
    publish(database.writer_url, write_batch(lake, NEXT, shift=1), keep_batches=3, limits=LIMITS)
    old = write_batch(lake, lengths=(0,))
    assert not publish(database.writer_url, old, keep_batches=3, limits=LIMITS).live
    with pytest.raises(ValidationError, match=r"publish\.filled: 0\.0%"):
        publish(database.writer_url, old, keep_batches=3, limits=LIMITS, force=True)
