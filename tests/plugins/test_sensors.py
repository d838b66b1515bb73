"""Waiting for a landing, with real files and a real event loop."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import pytest
from airflow.sdk import timezone
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskDeferred

from include.columns import EVENTS, ITEMS, TABLES, USERS
from include.lake import Lake
from nightshelf_plugin.sensors import LandingSensor
from nightshelf_plugin.triggers import LandingTrigger

DAY = "2026-11-20"


def close_day(landing: Lake, *tables: str) -> None:
    for table in tables:
        landing.write_bytes(f"{table}/ingest_date={DAY}/_SUCCESS", b"")


def marker(landing: Lake, table: str) -> str:
    return f"{landing.uri}/{table}/ingest_date={DAY}/_SUCCESS"


def sensor(landing: Lake, **options: Any) -> LandingSensor:
    return LandingSensor(
        task_id="wait_for_landing", landing_uri=landing.uri, tables=TABLES, run_date=DAY, timeout=7200, **options
    )


def trigger(landing: Lake, seconds: float = 60, poll_seconds: float = 0.02) -> LandingTrigger:
    deadline = timezone.utcnow() + dt.timedelta(seconds=seconds)
    return LandingTrigger(landing.uri, TABLES, DAY, deadline, poll_seconds)


async def payload(waiting: LandingTrigger) -> Any:
    events = [event async for event in waiting.run()]
    assert len(events) == 1
    return events[0].payload


def test_a_complete_landing_is_passed_without_deferring(landing: Lake) -> None:
    close_day(landing, *TABLES)
    task = sensor(landing)
    task.execute({})
    assert task.poke({}) is True


def close_other(landing: Lake, day: str) -> None:
    for table in TABLES:
        landing.write_bytes(f"{table}/ingest_date={day}/_SUCCESS", b"")


@pytest.mark.parametrize(
    ("newest", "why"),
    [
        ("2026-11-21", "2026-11-21 is complete: this day was passed over"),
        ("2026-11-12", "nothing was delivered for a week"),
    ],
)
def test_a_day_that_was_passed_over_and_a_shop_that_delivers_no_more_are_not_waited_for(
    landing: Lake, newest: str, why: str
) -> None:
    close_other(landing, newest)
    with pytest.raises(AirflowSkipException, match=why):
        sensor(landing).execute({})
    close_day(landing, *TABLES)
    sensor(landing).execute({})


def test_a_shop_that_delivered_this_week_is_waited_for(landing: Lake) -> None:
    close_other(landing, "2026-11-13")
    landing.write_bytes("events/ingest_date=2026-11-21/_SUCCESS", b"")  # not all tables
    with pytest.raises(TaskDeferred):
        sensor(landing).execute({})


def test_an_incomplete_landing_defers_with_a_deadline(landing: Lake) -> None:
    close_day(landing, EVENTS)
    before = timezone.utcnow()
    with pytest.raises(TaskDeferred) as deferred:
        sensor(landing, poke_interval=11).execute({})
    assert deferred.value.method_name == "resume"
    path, arguments = deferred.value.trigger.serialize()
    assert path == "nightshelf_plugin.triggers.LandingTrigger"
    wait = arguments.pop("deadline") - before
    assert dt.timedelta(0) <= wait - dt.timedelta(hours=2) < dt.timedelta(seconds=30)
    assert deferred.value.timeout > wait
    assert arguments == {
        "landing_uri": landing.uri,
        "tables": list(TABLES),
        "run_date": DAY,
        "poll_seconds": 11,
        "marker": "_SUCCESS",
    }


def test_serialized_trigger_is_the_same_trigger(landing: Lake) -> None:
    first = trigger(landing)
    _, arguments = first.serialize()
    assert LandingTrigger(**arguments).serialize() == first.serialize()


def test_trigger_fires_once_every_table_is_closed(landing: Lake) -> None:
    async def scenario() -> Any:
        waiting = asyncio.create_task(payload(trigger(landing)))
        close_day(landing, EVENTS, ITEMS)
        await asyncio.sleep(0.2)
        assert not waiting.done()
        close_day(landing, USERS)
        return await asyncio.wait_for(waiting, 10)

    assert asyncio.run(scenario()) == {"missing": []}


def test_trigger_names_what_is_missing_at_the_deadline(landing: Lake) -> None:
    close_day(landing, ITEMS)
    missing = [marker(landing, EVENTS), marker(landing, USERS)]
    assert asyncio.run(payload(trigger(landing, seconds=0.1, poll_seconds=30))) == {"missing": missing}


def test_resume_fails_for_good_and_names_the_markers(landing: Lake) -> None:
    with pytest.raises(AirflowFailException) as failed:
        sensor(landing).resume({}, {"missing": [marker(landing, USERS)]})
    assert f"no _SUCCESS after 2 h: {marker(landing, USERS)}. Remedy: deliver" in str(failed.value)


def test_resume_goes_on_when_nothing_is_missing(landing: Lake) -> None:
    assert sensor(landing).resume({}, {"missing": []}) is None


def test_a_landing_zone_that_cannot_be_opened_fails_for_good() -> None:
    task = LandingSensor(task_id="wait", landing_uri="ftp://shop", tables=TABLES, run_date=DAY)
    with pytest.raises(AirflowFailException, match="'ftp://shop' is not one that Nightshelf can open"):
        task.execute({})
