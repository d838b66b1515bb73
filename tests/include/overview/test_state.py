"""Whether the lists are fresh, and what is read for it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from include.overview.state import freshness
from include.settings import PROJECT, Settings, load_settings

DATASETS = PROJECT / "include" / "config" / "datasets"

NOON = dt.datetime(2026, 3, 10, 12, tzinfo=dt.UTC)
MORNING = dt.datetime(2026, 3, 10, 5, tzinfo=dt.UTC)
LAST, BEFORE = dt.date(2026, 3, 9), dt.date(2026, 3, 8)


@pytest.mark.parametrize(
    ("now", "live", "kind", "behind"),
    [
        (NOON, LAST, "good", 0),
        (NOON, BEFORE, "bad", 1),
        (NOON, dt.date(2026, 3, 1), "bad", 8),
        (MORNING, BEFORE, "good", 0),  # the night of the 9th has until six
        (MORNING, LAST, "good", 0),
        (MORNING, dt.date(2026, 3, 7), "bad", 1),
        (NOON, None, "bad", 1),
    ],
)
def test_a_night_must_be_live_by_the_hour(
    settings: Settings, now: dt.datetime, live: dt.date | None, kind: str, behind: int
) -> None:
    found = freshness(settings, now, live)
    assert (found.kind, found.behind) == (kind, behind)
    assert found.deadline is not None and found.deadline > now and found.deadline.hour == 6


@pytest.mark.parametrize(
    ("first", "last", "kind"),
    [("2026-03-10", "", "none"), ("2026-03-09", "", "bad"), ("2026-03-01", "2026-03-08", "good")],
)
def test_no_night_is_due_outside_the_schedule(settings: Settings, first: str, last: str, kind: str) -> None:
    bounds = {"NIGHTSHELF_FIRST_NIGHT": first, "NIGHTSHELF_LAST_NIGHT": last}
    bounded = load_settings({"NIGHTSHELF_HOME": str(settings.home), **bounds})
    found = freshness(bounded, NOON, BEFORE)
    assert (found.kind, found.deadline is None) == (kind, last == BEFORE.isoformat())


def test_the_hour_is_the_shops(settings: Settings, tmp_path: Path) -> None:
    mapping = tmp_path / "shop.yaml"
    mapping.write_text((DATASETS / "demo_shop.yaml").read_text() + "\ntime_zone: Europe/London\n")
    mapped = settings.model_copy(update={"dataset": str(mapping)})
    summer = dt.datetime(2011, 7, 10, 5, 30, tzinfo=dt.UTC)  # 6:30 in London
    assert freshness(mapped, summer, dt.date(2011, 7, 9)).due == dt.date(2011, 7, 9)
    assert freshness(settings, summer, dt.date(2011, 7, 9)).due == dt.date(2011, 7, 8)
