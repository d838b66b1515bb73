"""The landing zone against the lake: what is missing, late or changed is named, and nothing else."""

from __future__ import annotations

import datetime as dt

import pytest

from include.columns import TABLES
from include.contract import load_dataset
from include.lake import Lake, partition_folder
from include.night.deliveries import compare, missed_days
from tests.commits import commit_all

DATASET = load_dataset("demo_shop")
FIRST = dt.date(2026, 11, 1)
HEADERS = {table: ",".join(DATASET.table(table).parts[0].source.required) for table in TABLES}


def day(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


def deliver(landing: Lake, number: int, name: str = "part.csv", value: str = "x", *, closed: bool = True) -> None:
    for table in TABLES:
        folder = partition_folder(table, day(number))
        landing.write_bytes(f"{folder}/{name}", f"{HEADERS[table]}\n{value}\n".encode())
        if closed:
            landing.write_bytes(f"{folder}/_SUCCESS", b"")


def ingest(landing: Lake, lake: Lake, number: int) -> None:
    """Commit the day as the ingest does: its inputs are the names and contents of the files."""
    for table in TABLES:
        folder = partition_folder(table, day(number))
        files = [file.path for file in landing.list_files(folder) if file.path.endswith(".csv")]
        inputs = {path.rpartition("/")[2]: landing.content_tag(path) for path in files}
        commit_all(lake, "_staging/none", folder, fingerprint="f", inputs=inputs)


def problems(landing: Lake, lake: Lake, number: int) -> list[str]:
    return [str(one) for one in compare(landing, lake, DATASET, day(number))]


@pytest.fixture
def week(landing: Lake, lake: Lake) -> tuple[Lake, Lake]:
    """Seven days, all delivered and ingested."""
    for number in range(7):
        deliver(landing, number)
        ingest(landing, lake, number)
    return landing, lake


def test_nothing_is_said_of_what_is_whole(week: tuple[Lake, Lake]) -> None:
    assert problems(*week, 6) == []
    assert problems(*week, 3) == []
    assert missed_days(*week, day(6)) == []


def test_a_file_that_comes_after_the_ingest_is_late(week: tuple[Lake, Lake]) -> None:
    landing, lake = week
    landing.write_bytes(f"{partition_folder('events', day(4))}/part-2.csv", f"{HEADERS['events']}\ny\n".encode())
    landing.write_bytes(f"{partition_folder('items', day(4))}/header.csv", f"{HEADERS['items']}\n".encode())
    landing.write_bytes(f"{partition_folder('items', day(4))}/_SUCCESS", b"")
    landing.write_bytes(f"{partition_folder('users', day(4))}/.part.csv.tmp", b"half")
    found = problems(landing, lake, 6)
    assert found[0] == f"events of {day(4)}, part-2.csv: late"
    assert not any("users" in problem for problem in found)
    ingest(landing, lake, 4)
    assert problems(landing, lake, 6) == []


def test_other_content_of_equal_length_and_a_file_that_is_gone_are_named(week: tuple[Lake, Lake]) -> None:
    landing, lake = week
    landing.write_bytes(f"{partition_folder('events', day(5))}/part.csv", f"{HEADERS['events']}\nz\n".encode())
    landing.delete(f"{partition_folder('users', day(2))}/part.csv")
    assert problems(landing, lake, 6) == [
        f"users of {day(2)}, part.csv: gone",
        f"events of {day(5)}, part.csv: changed",
    ]


def test_a_day_that_was_passed_over_is_named_until_it_is_ingested(week: tuple[Lake, Lake]) -> None:
    landing, lake = week
    deliver(landing, 8)
    ingest(landing, lake, 8)
    assert problems(landing, lake, 8) == [f"{table} of {day(7)}: not delivered" for table in TABLES]
    assert missed_days(landing, lake, day(8)) == []
    deliver(landing, 7)
    assert problems(landing, lake, 8) == [f"{table} of {day(7)}: not ingested" for table in TABLES]
    assert missed_days(landing, lake, day(8)) == [day(7)]
    assert missed_days(landing, lake, day(6)) == []
    ingest(landing, lake, 7)
    assert problems(landing, lake, 8) == []


def test_missed_days_are_in_order_and_none_is_before_the_first_or_still_open(week: tuple[Lake, Lake]) -> None:
    landing, lake = week
    for number in (-2, 9, 8):
        deliver(landing, number)
    deliver(landing, 10, closed=False)
    assert missed_days(landing, lake, day(20)) == [day(8), day(9)]


def test_a_landing_zone_that_was_tidied_up_lacks_nothing(week: tuple[Lake, Lake]) -> None:
    landing, lake = week
    for table in TABLES:
        landing.delete(partition_folder(table, day(1)))
    assert problems(landing, lake, 6) == []


def test_nothing_is_missed_where_nothing_was_ingested(landing: Lake, lake: Lake) -> None:
    deliver(landing, 0)
    assert missed_days(landing, lake, day(5)) == [] and problems(landing, lake, 5) == []
