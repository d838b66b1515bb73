"""The steps of `make nightly` one by one; the night test runs them all for real."""

import datetime as dt
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from devstack.home import Home
from devstack.nightly import Nightly
from devstack.plan import DAY, Plan, Request, read_plan
from devstack.progress import Display
from include.columns import TABLES
from include.demo_shop import DEFAULT_HISTORY_DAYS, OPENING
from include.errors import ConfigurationError, StackError
from include.lake import open_lake
from include.settings import load_settings

FIRST_NIGHT = OPENING + DAY * DEFAULT_HISTORY_DAYS
FILE = Path("/data/shop.csv")


class Recorded(Nightly):
    """A nightly whose jobs write the days that they were asked for, and nothing else."""

    jobs: list[tuple[str, list[str]]]
    landed: dict[str, Any]
    days = 10

    def _do(
        self,
        name: str,
        arguments: Any,
        title: str,
        *,
        total: int | None = None,
        measure: Callable[[], int] | None = None,
        plan: Plan | None = None,
    ) -> dict[str, Any]:
        self.jobs.append((name, list(arguments)))
        folder, marker = ("lake", "_manifest.json") if name == "ingest" else ("landing", "_SUCCESS")
        if name == "land":
            first, last = OPENING, OPENING + DAY * (self.days - 1)
        else:
            flags = ("--date", "--date") if "--date" in arguments else ("--from", "--to")
            first, last = (dt.date.fromisoformat(arguments[arguments.index(flag) + 1]) for flag in flags)
        for number in range((last - first).days + 1):
            for table in TABLES:
                path = f"{table}/ingest_date={first + DAY * number}/{marker}"
                open_lake((self.home.root / folder).as_uri()).write_bytes(path, b"{}")
        return self.landed


@pytest.fixture
def nightly(tmp_path: Path) -> Callable[[Request], Recorded]:
    home = Home(tmp_path)
    home.make()

    def make(request: Request) -> Recorded:
        found = Recorded(home, request, dict(os.environ), Display(Console(file=io.StringIO())))
        found.jobs, found.landed = [], {}
        return found

    return make


def test_the_demo_shop_opens_with_a_history_and_goes_on(nightly: Callable[[Request], Recorded]) -> None:
    first = nightly(Request(shop=("--users", "50")))
    plan = first._land(first._check())
    assert first.jobs == [("demo_shop", ["--from", str(OPENING), "--to", str(FIRST_NIGHT + DAY), "--users", "50"])]
    assert plan.nights == [FIRST_NIGHT, FIRST_NIGHT + DAY]

    again = nightly(Request(nights=3))
    assert again._check() == plan == read_plan(again.home.values())
    plan = again._next_nights(plan)
    arguments = ["--from", str(FIRST_NIGHT + DAY * 2), "--to", str(FIRST_NIGHT + DAY * 4), "--users", "50"]
    assert again.jobs == [("demo_shop", arguments)]
    assert plan.nights[-1] == FIRST_NIGHT + DAY * 4
    assert read_plan(again.home.values()) == plan


def test_a_file_lands_whole_and_has_no_next_night(nightly: Callable[[Request], Recorded]) -> None:
    run = nightly(Request(nights=4))
    plan = run._land(Plan("online_retail", FILE))
    assert run.jobs == [("land", ["--source", str(FILE)])]
    assert (plan.history_to, plan.last_night) == (OPENING + DAY * 5, OPENING + DAY * 9)
    assert run._next_nights(plan) == plan
    assert len(run.jobs) == 1


def test_the_schedule_begins_once_and_never_ends(nightly: Callable[[Request], Recorded]) -> None:
    run = nightly(Request())
    run.home.remember({"NIGHTSHELF_LAST_NIGHT": str(OPENING)})  # of a former release
    plan = run._land(Plan("online_retail", FILE))
    run._begin_schedule(plan)
    first = run.home.values()["NIGHTSHELF_FIRST_NIGHT"]
    assert dt.date.fromisoformat(first) >= plan.nights[-1] + DAY
    assert load_settings({"NIGHTSHELF_HOME": str(run.home.root)}).last_night is None
    run.home.remember({"NIGHTSHELF_FIRST_NIGHT": "2026-01-01"})
    run._begin_schedule(plan)
    assert load_settings({"NIGHTSHELF_HOME": str(run.home.root)}).first_night == dt.date(2026, 1, 1)


def test_a_newer_export_brings_nights_and_what_it_changed_is_ingested_again(
    nightly: Callable[[Request], Recorded], tmp_path: Path
) -> None:
    file = tmp_path / "shop.csv"
    file.write_text("x")
    run = nightly(Request())
    plan = run._land(Plan("online_retail", file))
    run._ingest_history(plan)
    assert run._next_nights(plan) == plan
    assert "Every night of" in run.display.console.file.getvalue()  # type: ignore[attr-defined]

    run.days, changed = 13, str(OPENING + DAY)
    run.landed = {"events": {"replaced": [changed]}, "items": {"replaced": []}, "users": {}}
    run.jobs.clear()
    plan = run._next_nights(plan)
    assert run.jobs[-1] == ("ingest", ["--tables", *TABLES, "--date", changed])
    assert f"1 days that had been ingested are otherwise in the newer export: {changed}." in (
        run.display.console.file.getvalue()  # type: ignore[attr-defined]
    )
    assert plan.nights[-3:] == [OPENING + DAY * number for number in (10, 11, 12)]
    assert read_plan(run.home.values()) == plan


def test_a_day_that_was_passed_over_has_no_night(nightly: Callable[[Request], Recorded]) -> None:
    run = nightly(Request())
    plan = run._land(Plan("online_retail", FILE))
    run._landing.delete(f"items/ingest_date={OPENING + DAY * 8}/_SUCCESS")
    assert run._landed_nights(plan) == [OPENING + DAY * 9]


def test_history_is_ingested_once_and_gaps_are_filled(nightly: Callable[[Request], Recorded]) -> None:
    run = nightly(Request())
    plan = run._land(Plan("online_retail", FILE))
    run._ingest_history(plan)
    name, arguments = run.jobs.pop()
    assert name == "ingest"
    assert arguments[-4:] == ["--from", str(OPENING), "--to", str(OPENING + DAY * 7)]
    run._ingest_history(plan)
    assert len(run.jobs) == 1

    lake = open_lake((run.home.root / "lake").as_uri())
    lake.delete(f"items/ingest_date={OPENING + DAY * 3}/_manifest.json")
    run._ingest_history(plan)
    assert run.jobs[-1][1][-4:] == ["--from", str(OPENING + DAY * 3), "--to", str(OPENING + DAY * 3)]


def test_everything_is_checked_before_a_folder_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "home")
    with pytest.raises(ConfigurationError, match="no_such"):
        Nightly(home, Request("no_such", tmp_path), dict(os.environ), Display()).run()
    monkeypatch.setattr("devstack.disk.NEEDED_BYTES", 1 << 60)
    with pytest.raises(StackError, match="GiB free, the stack needs"):
        Nightly(home, Request(), dict(os.environ), Display()).run()
    assert not home.root.exists()


def test_two_at_a_time_are_refused(nightly: Callable[[Request], Recorded]) -> None:
    run = nightly(Request())
    with run.home.alone("nightly"), pytest.raises(StackError, match="`nightly` already runs"):
        run.run()
    assert run.jobs == []


@pytest.mark.parametrize(("lake", "variables"), [("s3", {}), (None, {"LAKE_URI": "s3://shop/lake"})])
def test_a_lake_on_s3_without_spark_s_jars_is_noticed_before_anything_lands(
    nightly: Callable[[Request], Recorded], tmp_path: Path, lake: str | None, variables: dict[str, str]
) -> None:
    run = nightly(Request(lake=lake))
    run.environment = {**os.environ, "NIGHTSHELF_CACHE": str(tmp_path / "empty"), **variables}
    with pytest.raises(ConfigurationError, match="run make jars"):
        run._check()
    assert run.jobs == []
