"""Which nights are scheduled, by Airflow's own reckoning."""

from __future__ import annotations

import datetime as dt

import pytest
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization

from include.orchestration import nightly_schedule
from include.settings import load_settings


def nights(first: str, last: str) -> list[tuple[str, str]]:
    """Return start and end of each interval that the scheduler would make runs for."""
    settings = load_settings(
        {"NIGHTSHELF_HOME": "/nowhere", "NIGHTSHELF_FIRST_NIGHT": first, "NIGHTSHELF_LAST_NIGHT": last}
    )
    dag = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(DAG("nights", **nightly_schedule(settings))))
    found = []
    info = dag.next_dagrun_info(last_automated_run_info=None)
    while info is not None and len(found) < 10:
        found.append((info.data_interval.start.isoformat(), info.data_interval.end.isoformat()))
        info = dag.next_dagrun_info(last_automated_run_info=info)
    return found


def test_every_night_from_the_first_to_the_last_is_run() -> None:
    assert nights("2011-12-08", "2011-12-09") == [
        ("2011-12-08T02:00:00+00:00", "2011-12-09T02:00:00+00:00"),
        ("2011-12-09T02:00:00+00:00", "2011-12-10T02:00:00+00:00"),
    ]


def test_one_night_can_be_first_and_last() -> None:
    assert nights("2011-12-09", "2011-12-09") == [("2011-12-09T02:00:00+00:00", "2011-12-10T02:00:00+00:00")]


@pytest.mark.parametrize(("first", "catchup"), [("2011-12-08", True), ("", False)])
def test_missed_nights_are_run_only_when_the_first_one_is_named(first: str, catchup: bool) -> None:
    settings = load_settings({"NIGHTSHELF_HOME": "/nowhere", "NIGHTSHELF_FIRST_NIGHT": first})
    schedule = nightly_schedule(settings)
    assert schedule["catchup"] is catchup
    assert schedule["end_date"] is None
    assert schedule["max_active_runs"] == 1


def test_without_a_first_night_only_the_last_complete_one_is_run() -> None:
    settings = load_settings({"NIGHTSHELF_HOME": "/nowhere"})
    dag = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(DAG("nights", **nightly_schedule(settings))))
    interval = dag.next_dagrun_info(last_automated_run_info=None).data_interval
    now = dt.datetime.now(dt.UTC)
    assert interval.end <= now < interval.end + dt.timedelta(days=1)
    assert (interval.start.hour, interval.end - interval.start) == (2, dt.timedelta(days=1))
