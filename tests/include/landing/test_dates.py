"""The day of a record: as its value says, in the shop's time zone."""

from __future__ import annotations

import copy
import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from include.contract import Dataset
from include.contract.source import Land
from include.errors import InputError
from include.lake import Lake
from include.landing.dates import day_parser
from include.landing.land import land
from tests.include.contract.mappings import SHOP, shop
from tests.include.landing.landed import ROWS, lines, source


@pytest.mark.parametrize(
    ("form", "value", "day"),
    [
        (None, "2026-03-02 10:00:00", dt.date(2026, 3, 2)),
        (None, " 2026-03-02T10:00Z ", dt.date(2026, 3, 2)),
        (None, "20260302", None),
        (None, None, None),
        (None, "2026-02-30", None),
        ("%d.%m.%Y %H:%M", "02.03.2026 10:00", dt.date(2026, 3, 2)),
        ("%d.%m.%Y", "2026-03-02", None),
    ],
)
def test_the_day_of_a_value(form: str | None, value: object, day: dt.date | None) -> None:
    assert day_parser(Land(day="at", day_format=form))(value) == day


@pytest.mark.parametrize(
    ("form", "value", "day"),
    [
        (None, "2026-03-02T16:40:00-08:00", dt.date(2026, 3, 3)),
        (None, "2026-03-02 16:40:00 -0800", dt.date(2026, 3, 3)),
        (None, "2026-03-02T23:30Z", dt.date(2026, 3, 3)),
        (None, "2026-03-02T23:30:00.123456789 UTC", dt.date(2026, 3, 3)),
        (None, "2026-03-02 23:30:00", dt.date(2026, 3, 2)),
        (None, "2026-03-02 25:30:00Z", None),
        ("%d.%m.%Y %H:%M%z", "02.03.2026 23:30+00:00", dt.date(2026, 3, 3)),
        ("%d.%m.%Y %H:%M", "02.03.2026 23:30", dt.date(2026, 3, 2)),
        ("epoch_s", 1772494200, dt.date(2026, 3, 3)),
        ("epoch_ms", "1772494200123.0", dt.date(2026, 3, 3)),
        ("epoch_us", "1772494200123456", dt.date(2026, 3, 3)),
        ("epoch_s", "1772494200123", None),
        ("epoch_s", "nan", None),
        ("epoch_s", "", None),
        ("%s", "1772494200", dt.date(2026, 3, 3)),
        ("%s", "1772494200123", dt.date(2026, 3, 3)),
    ],
)
def test_a_day_is_the_shops(form: str | None, value: object, day: dt.date | None) -> None:
    assert day_parser(Land(day="at", day_format=form), ZoneInfo("Europe/Berlin"))(value) == day


def test_days_are_cut_in_the_time_zone_of_the_mapping(landing: Lake, tmp_path: Path) -> None:
    rows = ["1,milk,Milk,2026-03-02T16:40:00-08:00,1,ann,1", "2,milk,Milk,2026-03-03T09:00:00Z,1,ann,1"]
    dataset = shop().model_copy(update={"time_zone": "America/Los_Angeles"})
    assert land(landing, dataset, source(tmp_path, rows))["events"]["last"] == "2026-03-03"
    assert lines(landing, "events", "2026-03-02") == rows[:1]


def test_files_without_a_date_land_whole_on_the_first_day(landing: Lake, tmp_path: Path) -> None:
    dataset = undated("items", "users")
    summary = land(landing, dataset, source(tmp_path, ROWS))
    assert lines(landing, "users", "2026-03-02") == ["ann", "bob", "cid"]
    assert lines(landing, "users", "2026-03-05") == []
    assert summary["users"]["days"] == 4
    land(landing, dataset, source(tmp_path, ROWS), dt.date(2026, 3, 4))
    assert lines(landing, "users", "2026-03-04") == ["ann", "bob", "cid"]
    with pytest.raises(InputError, match=r"the files have no date.*--from"):
        land(landing, undated("events", "items", "users"), source(tmp_path, ROWS))
    land(landing, undated("events", "items", "users"), source(tmp_path, ROWS), dt.date(2026, 3, 9))
    assert len(lines(landing, "events", "2026-03-09")) == len(ROWS)


def undated(*tables: str) -> Dataset:
    values = copy.deepcopy(SHOP)
    for table in tables:
        del values["tables"][table]["land"]["day"]
    return Dataset.model_validate(values)


def test_days_before_the_first_are_left_out_and_counted(landing: Lake, tmp_path: Path) -> None:
    rows = [ROWS[0].replace("2026", "1995"), *ROWS]
    dataset = shop().model_copy(update={"first_day": dt.date(2026, 1, 1)})
    summary = land(landing, dataset, source(tmp_path, rows))
    assert (summary["events"]["rows"], summary["events"]["before_first_day"]) == (6, 1)
    assert summary["events"]["first"] == "2026-03-02"
