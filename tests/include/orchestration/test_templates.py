"""The run date of every kind of run, and what one task takes from another."""

from __future__ import annotations

import datetime as dt
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import hypothesis
import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from airflow.timetables.interval import CronDataIntervalTimetable
from hypothesis import given
from hypothesis import strategies as st
from pendulum import instance

from include.orchestration.schedule import NIGHTLY_CRON
from include.orchestration.templates import (
    answered,
    answered_by,
    day_runs,
    first_of_days,
    last_night,
    later_days,
    only_if_approved,
    result,
    run_date,
    states,
    watched_day,
)


def run(start: str | None, run_after: str = "2026-11-21T02:00:00+00:00") -> Any:
    return SimpleNamespace(
        data_interval_start=dt.datetime.fromisoformat(start) if start else None,
        run_after=dt.datetime.fromisoformat(run_after),
    )


@pytest.mark.parametrize(
    ("dag_run", "params", "day"),
    [
        (run("2026-11-20T02:00:00+00:00"), {}, "2026-11-20"),
        (run("2026-11-20T02:00:00+00:00"), {"run_date": None}, "2026-11-20"),
        (run("2026-11-20T02:00:00+00:00"), {"run_date": "2026-01-31"}, "2026-01-31"),
        (run("2026-11-20T03:00:00+01:00"), {}, "2026-11-20"),
        (run("2026-11-20T00:30:00+01:00"), {}, "2026-11-19"),
        (run(None, "2026-11-21T02:00:00+00:00"), {}, "2026-11-20"),
        (run(None, "2026-11-21T01:59:59+00:00"), {}, "2026-11-19"),
        (run(None), {"run_date": "2026-01-31"}, "2026-01-31"),
    ],
)
def test_run_date(dag_run: Any, params: dict[str, Any], day: str) -> None:
    assert run_date(dag_run, params) == day


@pytest.mark.parametrize(
    ("moment", "day"), [("2026-11-21T01:45:00+00:00", "2026-11-19"), ("2026-11-21T02:45:00+00:00", "2026-11-20")]
)
def test_a_day_is_caught_up_only_after_its_own_night_was_to_begin(moment: str, day: str) -> None:
    """An hourly run's interval is empty: it begins and ends when the run does."""
    assert last_night(run(moment, moment)) == day


@hypothesis.settings(deadline=None)  # it reads the mapping
@given(st.datetimes(min_value=dt.datetime(2000, 1, 1), max_value=dt.datetime(2100, 1, 1), timezones=st.just(dt.UTC)))
def test_a_run_without_an_interval_handles_the_last_complete_one(moment: dt.datetime) -> None:
    interval = CronDataIntervalTimetable(NIGHTLY_CRON, "UTC").infer_manual_data_interval(run_after=instance(moment))
    without = SimpleNamespace(data_interval_start=None, run_after=moment)
    assert run_date(without, {}) == interval.start.date().isoformat()


def test_result_takes_a_key_of_another_tasks_result() -> None:
    task_instance = SimpleNamespace(xcom_pull=lambda task_ids: {"train": {"model_version": 7}}[task_ids])
    assert result(task_instance, "train", "model_version") == "7"


@pytest.mark.parametrize("left", [None, {}, {"other": 1}, "text"])
def test_a_task_without_result_is_named_with_the_remedy(left: object) -> None:
    task_instance = SimpleNamespace(xcom_pull=lambda task_ids: left)
    with pytest.raises(AirflowFailException, match=r"task train left no 'model_version'.*clear train with everything"):
        result(task_instance, "train", "model_version")


@pytest.mark.parametrize(
    ("answer", "chosen", "name"),
    [
        ({"chosen_options": ["Approve"], "responded_by_user": {"id": "1", "name": "ada"}}, "approve", "ada"),
        ({"chosen_options": ["Reject"], "responded_by_user": None}, "reject", "nobody in time"),
    ],
)
def test_the_answer_of_an_approval_and_who_gave_it(answer: dict[str, Any], chosen: str, name: str) -> None:
    task_instance = SimpleNamespace(xcom_pull=lambda task_ids: {"approve": answer}[task_ids])
    assert (answered(task_instance, "approve"), answered_by(task_instance, "approve")) == (chosen, name)


@pytest.mark.parametrize("left", [None, {}, {"chosen_options": []}, "text"])
def test_an_approval_without_answer_is_named_with_the_remedy(left: object) -> None:
    task_instance = SimpleNamespace(xcom_pull=lambda task_ids: left)
    with pytest.raises(AirflowFailException, match=r"task approve has no answer.*clear approve and answer it"):
        answered(task_instance, "approve")


@pytest.mark.parametrize(("choice", "skipped"), [("Approve", False), ("Reject", True)])
def test_a_task_is_skipped_unless_people_approve(choice: str, skipped: bool) -> None:
    answer = {"chosen_options": [choice], "responded_by_user": {"id": "1", "name": "ada"}}
    context: Any = {"ti": SimpleNamespace(xcom_pull=lambda task_ids: answer)}
    with pytest.raises(AirflowSkipException, match="ada did not approve") if skipped else nullcontext():
        only_if_approved("approve")(context)


def live(*extras: dict[str, Any]) -> dict[str, list[Any]]:
    return {"reco.live": [SimpleNamespace(extra=extra) for extra in extras]}


def test_the_watch_is_about_the_day_after_each_night_that_went_live_once_and_in_order() -> None:
    nights = ("2026-02-28", "2026-02-27", "2026-02-28", "2026-03-03")  # one was published again
    events = live(*({"run_date": night} for night in nights), {"result": {"batch_id": "b"}})
    assert watched_day(run(None), {}, events) == "2026-02-28"
    assert later_days(run(None), {}, events) == "2026-03-01 2026-03-04"
    assert watched_day(run(None), {"day": "2026-01-31"}, events) == "2026-01-31"
    assert later_days(run(None), {"day": "2026-01-31", "later": ""}, events) == ""
    more = {"day": "2026-01-31", "later": "2026-02-01 2026-02-03"}
    assert later_days(run(None), more, events) == "2026-02-01 2026-02-03"


def test_each_later_day_gets_a_run_of_its_own() -> None:
    assert day_runs("", "day", "day") == []
    assert day_runs("2026-03-01 2026-03-04", "day", "day") == [
        {"trigger_run_id": "day__2026-03-01", "conf": {"day": "2026-03-01"}},
        {"trigger_run_id": "day__2026-03-04", "conf": {"day": "2026-03-04"}},
    ]


def test_later_days_are_judged_one_after_the_other() -> None:
    assert first_of_days("") == []
    days, judged = "2026-03-01 2026-03-04 2026-03-05", []
    while following := first_of_days(days):
        (one,) = following
        judged.append((one["trigger_run_id"], watched_day(run(None), one["conf"], {})))
        days = later_days(run(None), one["conf"], {})
    assert judged == [(f"day__2026-03-0{day}", f"2026-03-0{day}") for day in (1, 4, 5)]


def test_a_run_that_no_night_started_is_skipped() -> None:
    without = SimpleNamespace(run_id="asset_triggered__1")
    for events in ({}, live({"result": {"batch_id": "b"}})):
        with pytest.raises(AirflowSkipException, match="asset_triggered__1 was started by no night"):
            watched_day(without, {"day": None}, events)


def test_states_of_other_tasks() -> None:
    task_instance = SimpleNamespace(
        dag_id="d", run_id="r", get_task_states=lambda dag_id, run_ids, task_ids: {"r": {"a": "success"}}
    )
    assert states(task_instance, "a", "b") == "a=success,b=None"
