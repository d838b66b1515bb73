"""Which nights are scheduled, by Airflow's own reckoning."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization

from include.contract.dataset import DATASETS
from include.orchestration import nightly_schedule
from include.orchestration.templates import run_date
from include.settings import load_settings


@pytest.fixture
def berlin(tmp_path: Path) -> dict[str, str]:
    """The variables of an installation whose shop is in Berlin."""
    mapping = yaml.safe_load((DATASETS / "demo_shop.yaml").read_text()) | {"time_zone": "Europe/Berlin"}
    (tmp_path / "berlin.yaml").write_text(yaml.safe_dump(mapping))
    return {"NIGHTSHELF_HOME": str(tmp_path), "NIGHTSHELF_DATASET": str(tmp_path / "berlin.yaml")}


def nights(first: str, last: str, **variables: str) -> list[tuple[str, str]]:
    """Return start and end of each interval that the scheduler would make runs for."""
    settings = load_settings(
        {"NIGHTSHELF_HOME": "/nowhere", "NIGHTSHELF_FIRST_NIGHT": first, "NIGHTSHELF_LAST_NIGHT": last, **variables}
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


def test_nights_follow_the_shops_clock_through_a_change_of_the_hour(berlin: dict[str, str]) -> None:
    assert nights("2026-03-27", "2026-03-29", **berlin) == [
        ("2026-03-27T01:00:00+00:00", "2026-03-28T01:00:00+00:00"),
        ("2026-03-28T01:00:00+00:00", "2026-03-29T01:00:00+00:00"),
        ("2026-03-29T01:00:00+00:00", "2026-03-30T00:00:00+00:00"),
    ]


def test_the_run_date_of_each_night_is_the_shops_day(berlin: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in berlin.items():
        monkeypatch.setenv(name, value)
    for first in ("2026-03-27", "2026-10-23"):
        starts = [dt.datetime.fromisoformat(start) for start, _ in nights(first, "", **berlin)]
        days = [run_date(SimpleNamespace(data_interval_start=start), {}) for start in starts]
        assert days == [str(dt.date.fromisoformat(first) + dt.timedelta(days=number)) for number in range(10)]
    by_hand = SimpleNamespace(data_interval_start=None, run_after=dt.datetime(2026, 7, 2, 0, 30, tzinfo=dt.UTC))
    assert run_date(by_hand, {}) == "2026-07-01"  # 02:30 in Berlin


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
