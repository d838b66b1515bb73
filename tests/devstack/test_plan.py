import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from devstack.plan import (
    DAY,
    Plan,
    Request,
    first_scheduled,
    ingested_days,
    landed_days,
    make_plan,
    read_plan,
    split_days,
)
from include.errors import ConfigurationError, InputError, NightshelfError
from include.lake import Lake
from include.settings import PROJECT

DAYS = [dt.date(2011, 12, day) for day in range(1, 8)]
SHOP = Plan("demo_shop", None, ("--users", "100"), DAYS[3], DAYS[5])


def test_a_plan_is_remembered_whole() -> None:
    file = Plan("/maps/own.yaml", Path("/data/own file.csv"), (), DAYS[0], DAYS[1])
    assert read_plan(SHOP.values()) == SHOP
    assert read_plan(file.values()) == file
    assert read_plan({"NIGHTSHELF_DATASET": "demo_shop"}) is None


def test_nights_follow_the_history() -> None:
    assert SHOP.nights == [DAYS[4], DAYS[5]]
    assert Plan("demo_shop", None).nights == []


def test_without_a_word_it_is_the_demo_shop_or_what_is_there(tmp_path: Path) -> None:
    assert make_plan(Request(), {}, tmp_path) == Plan("demo_shop", None)
    assert make_plan(Request(), SHOP.values(), tmp_path) == SHOP
    assert make_plan(Request(dataset="demo_shop", shop=("--users", "100")), SHOP.values(), tmp_path) == SHOP


def test_a_home_keeps_its_kind_of_lake(tmp_path: Path) -> None:
    assert make_plan(Request(lake="s3"), {}, tmp_path).lake == "s3"
    on_s3 = {**SHOP.values(), "NIGHTSHELF_S3_PORT": "8333"}
    assert make_plan(Request(), on_s3, tmp_path) == make_plan(Request(lake="s3"), on_s3, tmp_path)
    assert make_plan(Request(), on_s3, tmp_path).lake == "s3"
    for values, other in ((SHOP.values(), "s3"), (on_s3, "local")):
        with pytest.raises(
            ConfigurationError, match=rf"in a lake of the kind \w+, not {other}. Remedy: set NIGHTSHELF_HOME"
        ):
            make_plan(Request(lake=other), values, tmp_path)


def test_a_file_is_taken_by_its_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("some.csv").write_text("x")
    Path("own.yaml").write_text((PROJECT / "include/config/datasets/online_retail.yaml").read_text())
    plan = make_plan(Request("own.yaml", Path("some.csv")), {}, tmp_path)
    assert (plan.dataset, plan.source) == (str(tmp_path / "own.yaml"), tmp_path / "some.csv")


@pytest.mark.parametrize(
    ("request_", "error", "message"),
    [
        (Request("online_retail"), ConfigurationError, "DATASET=online_retail needs a file. Remedy: name it: SOURCE="),
        (
            Request("nope"),
            ConfigurationError,
            "there is no data set 'nope'. Remedy: use one of demo_shop",
        ),
        (Request("online_retail", Path("/not/there.csv")), InputError, "SOURCE=/not/there.csv does not exist"),
        (Request(source=Path("/some.csv")), ConfigurationError, "without saying whose data it is"),
    ],
)
def test_what_cannot_be_is_said_before_anything_starts(
    request_: Request, error: type[NightshelfError], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        make_plan(request_, {}, tmp_path)


def test_a_home_holds_one_data_set(tmp_path: Path) -> None:
    held = Plan("online_retail", Path("/data/a.csv"), (), DAYS[3], DAYS[5]).values()
    with pytest.raises(ConfigurationError, match=f"{tmp_path} holds the data set online_retail, not demo_shop"):
        make_plan(Request("demo_shop"), held, tmp_path)
    with pytest.raises(InputError, match=r"SOURCE=/data/b\.csv does not exist"):
        make_plan(Request("online_retail", Path("/data/b.csv")), held, tmp_path)
    with pytest.raises(ConfigurationError, match="of another shape: --users 100"):
        make_plan(Request(shop=("--users", "5")), SHOP.values(), tmp_path)


def test_a_newer_export_of_the_same_data_may_have_another_name(tmp_path: Path) -> None:
    held = Plan("online_retail", Path("/data/a.csv"), (), DAYS[3], DAYS[5])
    newer = tmp_path / "b.csv"
    newer.write_text("x")
    assert make_plan(Request(source=newer), held.values(), tmp_path) == replace(held, source=newer)


def test_a_home_of_a_former_release_is_known(tmp_path: Path) -> None:
    values = SHOP.values()
    values["NIGHTSHELF_LAST_NIGHT"] = values.pop("NIGHTSHELF_NIGHTS_TO")
    assert read_plan(values) == SHOP


@pytest.mark.parametrize(
    ("days", "history", "nights"), [(7, DAYS[:5], DAYS[5:7]), (3, DAYS[:1], DAYS[1:3]), (2, DAYS[:1], DAYS[1:2])]
)
def test_the_last_days_are_nights(days: int, history: list[dt.date], nights: list[dt.date]) -> None:
    plan = split_days(Plan("own", Path("/a.csv")), DAYS[:days], 2)
    assert (plan.history_to, plan.nights) == (history[-1], nights)


def test_a_shop_of_one_day_has_one_night_and_no_history() -> None:
    plan = split_days(Plan("own", Path("/a.csv")), DAYS[:1], 2)
    assert (plan.history_to, plan.nights) == (DAYS[0] - DAY, DAYS[:1])
    with pytest.raises(InputError, match=r"/a.csv has no day"):
        split_days(Plan("own", Path("/a.csv")), [], 2)


def test_the_schedule_begins_today_or_after_the_last_night() -> None:
    assert first_scheduled(SHOP, DAYS[6] + DAY * 30) == DAYS[6] + DAY * 30
    assert first_scheduled(SHOP, DAYS[5]) == DAYS[6]


def test_a_day_counts_when_every_table_is_there(landing: Lake, lake: Lake) -> None:
    for table in ("events", "items", "users"):
        for day in DAYS[: 3 if table == "items" else 5]:
            landing.write_bytes(f"{table}/ingest_date={day}/_SUCCESS", b"")
            lake.write_bytes(f"{table}/ingest_date={day}/_manifest.json", b"")
    assert landed_days(landing) == DAYS[:3]
    assert ingested_days(lake, DAYS[1:]) == DAYS[1:3]
