"""Events that come more than once: the first of a key stays, on its day and within the days after it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from include.lake import Lake, open_folder, partition_folder
from tests.include.contract.mappings import DAY, deliver
from tests.include.ingest.days import GOOD, HEADER, rows

pytestmark = pytest.mark.spark


def test_of_equal_events_the_first_stays(ingest: Any, landing: Lake, lake: Lake) -> None:
    files = {"b.csv": HEADER + GOOD.replace("ann", "late"), "a.csv": HEADER + GOOD + GOOD.replace("ann", "bob")}
    deliver(landing, "events", DAY, files)
    assert ingest() == (3, 1, 2, 0)
    assert [row["user_id"] for row in rows(lake, "events")] == ["ann"]


def test_a_broken_row_is_no_duplicate(ingest: Any, landing: Lake) -> None:
    broken = GOOD.replace(",1,ann", ",0,ann")
    deliver(landing, "events", DAY, {"a.csv": HEADER + broken + GOOD + broken + GOOD})
    assert ingest() == (4, 1, 1, 2)


def test_an_event_of_the_days_before_is_a_duplicate_in_whatever_order_days_are_ingested(
    ingest: Any, landing: Lake, lake: Lake
) -> None:
    days = [DAY + dt.timedelta(days=age) for age in (0, 1, 7, 15)]
    for number, day in enumerate(days):
        again = GOOD.replace("ann", "bob") if number == 1 else GOOD
        deliver(landing, "events", day, {"a.csv": HEADER + again + f"new-{number},milk,2026-03-02,1,,\n"})

    def books() -> list[tuple[int, int, int]]:
        manifests = [open_folder(lake, partition_folder("events", day)) for day in days]
        return [tuple(one.counts[key] for key in ("ingested", "duplicates", "differing")) for one in manifests]

    expected = [(2, 0, 0), (1, 1, 1), (1, 1, 0), (2, 0, 0)]  # the last one comes more than seven days after the third
    assert ingest(days=tuple(days)) == (8, 6, 2, 0)
    assert books() == expected
    whole = [open_folder(lake, partition_folder("events", day)).fingerprint for day in days]
    for order in ((3, 1, 2, 0), (0,), (2, 1)):
        if order[0] == 3:
            lake.delete("events")
        for number in order:
            ingest(days=(days[number],))
        assert books() == expected
        assert [open_folder(lake, partition_folder("events", day)).fingerprint for day in days] == whole
    (set_apart,) = rows(lake, "duplicates/events", days[1])
    assert (set_apart["event_id"], set_apart["user_id"], set_apart["repeated"]) == ("1", "bob", True)
    deliver(landing, "events", DAY, {"a.csv": HEADER})
    ingest(days=(DAY,))
    assert books()[:3] == [(0, 0, 0), (2, 0, 0), (1, 1, 1)]
