import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from devstack import dag_runs as runs
from devstack import scheduler as module
from devstack.progress import Display
from devstack.rest import ApiError
from devstack.scheduler import Nights
from include.errors import StackError

DAYS = [dt.date(2011, 12, 8), dt.date(2011, 12, 9)]


class FakeApi:
    """Runs that go through the states that a test wrote down, one a look."""

    url = "http://airflow"

    def __init__(self) -> None:
        self.runs: dict[dt.date, dict[str, Any]] = {}
        self.course: dict[str, list[tuple[str, list[dict[str, Any]]]]] = {}
        self.cleared: list[str] = []
        self.created: list[str] = []
        self.caught_up: list[str] = []
        self.silent = 0

    def run_on(self, dag_id: str, day: dt.date, zone: dt.tzinfo) -> dict[str, Any] | None:
        return self.runs.get(day)

    def has_run(self, dag_id: str, run_id: str) -> bool:
        return run_id in self.caught_up

    def trigger(self, dag_id: str, run_id: str, form: dict[str, str]) -> None:
        assert run_id == f"night__{form['run_date']}"
        self.created.append(run_id)

    def clear_run(self, dag_id: str, run_id: str) -> None:
        self.cleared.append(run_id)

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        if self.silent:
            self.silent -= 1
            raise ApiError("Airflow does not answer", remedy="wait")
        course = self.course[run_id]
        if len(course) > 1:
            course.pop(0)
        return {"dag_run_id": run_id, "state": course[0][0]}

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        return self.course[run_id][0][1]


def task(task_id: str, state: str | None, *, seconds: float = 0, index: int = -1, name: str | None = None) -> Any:
    return {
        "dag_id": module.DAG, "dag_run_id": "night__2011-12-08", "task_id": task_id, "map_index": index,
        "rendered_map_index": name, "state": state, "try_number": 1, "duration": seconds,
        "start_date": "2026-01-01" if state else None, "end_date": "2026-01-02",
    }  # fmt: skip


def course(end: str, *tasks: Any) -> list[tuple[str, list[Any]]]:
    return [("queued", []), ("running", [task("ingest", "running", index=0, name="events")]), (end, list(tasks))]


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@pytest.fixture
def said() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def nights(api: FakeApi, said: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nights:
    monkeypatch.setattr(runs, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(runs.time, "sleep", lambda _: None)
    return Nights(api, Display(Console(file=said, width=200)), tmp_path)  # type: ignore[arg-type]


def test_nights_are_run_in_order_and_shown(api: FakeApi, nights: Nights, said: io.StringIO) -> None:
    for day in DAYS:
        done = task("ingest", "success", seconds=14.4, index=0, name="events"), task("keep", "skipped")
        api.course[f"night__{day}"] = course("success", *done)
    nights.run(DAYS)
    assert api.created == ["night__2011-12-08", "night__2011-12-09"]
    assert said.getvalue().splitlines()[:5] == [
        "night 2011-12-08 ...",
        "  ingest[events] started",
        "  ✓ ingest[events]  14 s",
        "  - keep  skipped",
        "night 2011-12-08: done in 0 s",
    ]


def test_what_is_done_is_left_alone_and_what_failed_is_done_again(api: FakeApi, nights: Nights) -> None:
    api.runs = {
        DAYS[0]: {"dag_run_id": "scheduled__x", "state": "success"},
        DAYS[1]: {"dag_run_id": "manual__y", "state": "failed"},
    }
    api.course["manual__y"] = course("success")
    assert nights.unfinished(DAYS) == [DAYS[1]]
    nights.run(DAYS)
    assert (api.created, api.cleared) == ([], ["manual__y"])


def test_a_night_that_was_caught_up_is_done(api: FakeApi, nights: Nights) -> None:
    api.caught_up = ["catch_up__2011-12-08"]
    api.course["catch_up__2011-12-08"] = [("success", [])]
    assert nights.unfinished(DAYS[:1]) == []
    nights.run(DAYS[:1])
    assert (api.created, api.cleared) == ([], [])


def test_a_night_that_runs_already_is_followed(api: FakeApi, nights: Nights) -> None:
    api.runs = {DAYS[0]: {"dag_run_id": "night__2011-12-08", "state": "running"}}
    api.course["night__2011-12-08"] = course("success")
    nights.run(DAYS[:1])
    assert (api.created, api.cleared) == ([], [])


def test_a_disk_that_fills_up_ends_the_waiting(
    api: FakeApi, nights: Nights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.course["night__2011-12-08"] = course("running", task("evaluate", "running"))
    monkeypatch.setattr("devstack.disk.FULL_BYTES", 1 << 60)
    with pytest.raises(StackError, match=rf"the disk of {tmp_path} is full, \d+ MiB are free. Remedy: make room there"):
        nights.run(DAYS[:1])


def test_a_failed_task_stops_the_nights_and_says_why(
    api: FakeApi, nights: Nights, said: io.StringIO, tmp_path: Path
) -> None:
    api.course["night__2011-12-08"] = course(
        "failed", task("validate", "failed", seconds=3), task("train", "upstream_failed")
    )
    log = tmp_path / f"dag_id={module.DAG}" / "run_id=night__2011-12-08" / "task_id=validate" / "attempt=1.log"
    log.parent.mkdir(parents=True)
    log.write_text(
        json.dumps({"event": "x", "level": "error", "error_detail": [{"exc_value": "no rows. Remedy: look."}]})
    )
    with pytest.raises(
        runs.RunFailedError, match=r"night 2011-12-08: task validate failed: no rows. Remedy: look. Remedy:"
    ):
        nights.run(DAYS)
    assert api.created == ["night__2011-12-08"]
    assert f"  log: {log}" in said.getvalue()
    assert f"http://airflow/dags/{module.DAG}/runs/night__2011-12-08/tasks/validate" in said.getvalue()


def test_an_api_server_that_restarts_is_waited_for(api: FakeApi, nights: Nights) -> None:
    api.course["night__2011-12-08"] = course("success")
    api.silent = 3
    nights.run(DAYS[:1])
    assert api.silent == 0


def test_an_api_server_that_stays_away_is_an_error(
    api: FakeApi, nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "PATIENCE_SECONDS", -1)
    api.course["night__2011-12-08"] = course("success")
    api.silent = 3
    with pytest.raises(ApiError, match="does not answer"):
        nights.run(DAYS[:1])
