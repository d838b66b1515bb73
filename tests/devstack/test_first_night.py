"""What `nightshelf first-night` asks of Airflow, and what it refuses; tests/containers runs it for real."""

import datetime as dt
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from devstack import first_night as module
from devstack.first_night import FirstNight
from devstack.home import Home
from devstack.progress import Display
from include.contract import load_dataset
from include.demo_shop import OPENING
from include.errors import ConfigurationError, InputError
from include.lake import open_lake

NIGHT = OPENING + dt.timedelta(days=3)
SHOP = ("--users", "20", "--items", "10")


class OrderedApi:
    """Notes what it is told; every run is there when it was ordered, and ends well."""

    url = "http://airflow-api:8080"
    failed_history = False

    def __init__(self, *_: object) -> None:
        self.told: list[tuple[Any, ...]] = []

    def has_run(self, dag_id: str, run_id: str) -> bool:
        return self.failed_history and dag_id == "bootstrap_history"

    def clear_run(self, dag_id: str, run_id: str) -> None:
        self.told.append(("clear", dag_id))

    def trigger(self, dag_id: str, run_id: str, form: Mapping[str, Any]) -> None:
        if "run_date" in form:
            self.told.append(("create", dag_id, form["run_date"]))
            return
        self.told.append(("trigger", dag_id, form["first_day"], form["last_day"]))

    def set_paused(self, dag_id: str, paused: bool) -> None:
        self.told.append(("paused", dag_id, paused))

    def dag(self, dag_id: str) -> dict[str, Any]:
        return {"end_date": f"{NIGHT}T23:59:59Z", "start_date": dt.datetime.now(dt.UTC).isoformat()}

    def run_on(self, dag_id: str, day: dt.date, zone: dt.tzinfo) -> dict[str, Any] | None:
        made = any(order[:2] == ("create", dag_id) for order in self.told)
        return {"dag_run_id": f"night__{day}", "state": "queued"} if made else None

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        return {"state": "success"}

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        return []


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "NIGHTSHELF_HOME": str(tmp_path),
        "AIRFLOW_ADMIN": "admin",
        "AIRFLOW_ADMIN_PASSWORD": "x",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": "http://airflow-api:8080/execution/",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(tmp_path),
    }


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> OrderedApi:
    found = OrderedApi()
    monkeypatch.setattr(module, "AirflowApi", lambda *_: found)
    monkeypatch.setattr(module, "wait_until_ready", lambda *_: None)
    monkeypatch.setattr(module, "show_summary", lambda *_: None)
    return found


def run(environment: Mapping[str, str], night: dt.date | None) -> None:
    home = Home(Path(environment["NIGHTSHELF_HOME"]))
    FirstNight(home, night, SHOP, environment, Display(Console(file=io.StringIO()))).run()


def test_outside_a_stack_it_says_what_to_run_instead(environment: dict[str, str]) -> None:
    for name in ("AIRFLOW_ADMIN", "AIRFLOW_ADMIN_PASSWORD"):
        with pytest.raises(
            ConfigurationError, match=f"{name} is not set: .*docker compose run --rm init .*make nightly"
        ):
            run({**environment, name: ""}, NIGHT)


def land(tmp_path: Path, days: list[dt.date]) -> None:
    landing = open_lake((tmp_path / "landing").as_uri())
    for day in days:
        for table in ("events", "items", "users"):
            landing.write_bytes(f"{table}/ingest_date={day}/_SUCCESS", b"")


def test_the_demo_shop_s_schedule_ends_with_the_night(environment: dict[str, str], api: OrderedApi) -> None:
    run(environment, NIGHT)
    history = str(OPENING), str(NIGHT - dt.timedelta(days=1))
    orders = [
        ("trigger", "bootstrap_history", *history),
        ("paused", "bootstrap_history", False),
        ("paused", "nightly_recommendations", False),
        ("paused", "catch_up", False),
        ("create", "nightly_recommendations", str(NIGHT)),
    ]
    assert api.told == orders
    assert Home(Path(environment["NIGHTSHELF_HOME"])).values()["NIGHTSHELF_LAST_NIGHT"] == str(NIGHT)
    api.told.clear()
    api.failed_history = True
    run(environment, NIGHT)
    assert api.told[0] == ("clear", "bootstrap_history"), "the same command tries again"


def test_the_schedule_of_other_shops_begins_today(environment: dict[str, str], api: OrderedApi, tmp_path: Path) -> None:
    land(tmp_path, [OPENING, NIGHT])
    run({**environment, "NIGHTSHELF_DATASET": "online_retail"}, None)
    values = Home(tmp_path).values()
    zone = load_dataset("online_retail").zone
    assert (
        values["NIGHTSHELF_FIRST_NIGHT"] == str(dt.datetime.now(zone).date()) and "NIGHTSHELF_LAST_NIGHT" not in values
    )
    assert ("create", "nightly_recommendations", str(NIGHT)) in api.told


def test_what_the_environment_says_of_the_schedule_comes_first(
    environment: dict[str, str], api: OrderedApi, tmp_path: Path
) -> None:
    run({**environment, "NIGHTSHELF_LAST_NIGHT": "2031-01-01"}, NIGHT)
    assert "NIGHTSHELF_LAST_NIGHT" not in Home(tmp_path).values()


@pytest.mark.parametrize(
    ("landed", "problem"), [([], "has no day with"), ([NIGHT], f"has no {NIGHT} with days before")]
)
def test_without_a_history_there_is_no_night(
    landed: list[dt.date], problem: str, environment: dict[str, str], api: OrderedApi, tmp_path: Path
) -> None:
    land(tmp_path, landed)
    with pytest.raises(InputError, match=problem):
        run({**environment, "NIGHTSHELF_DATASET": "online_retail"}, None)
    assert api.told == []
