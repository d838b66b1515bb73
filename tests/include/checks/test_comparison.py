"""A day beside the days before it: broken feeds are seen, and ordinary days, closed Sundays and first days are not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from include.checks.comparison import add_books, compare_catalogue, compare_events
from include.checks.figures import Figures
from include.checks.past import event_counts, read_past
from include.checks.rules import checks_of
from include.contract.schema import CONTRACT
from include.drift_policy import DriftPolicy, load_drift_policy
from include.lake import Lake, list_days
from include.policy import load_policy
from tests.include.checks.partitions import commit_rows

POLICY, DRIFT = load_policy(), load_drift_policy()
SETTINGS = {**POLICY.model_dump(), **DRIFT.model_dump(include={"feed"})}
FIRST = dt.date(2026, 3, 2)  # a Monday
ITEMS = [{"item_id": f"i{n}", "title": f"Thing {n}", "in_stock": True} for n in range(40)]
USERS = [{"user_id": f"u{n}", "segment": "north"} for n in range(40)]
Rows = list[dict[str, Any]]
Change = Callable[[Rows], Rows]


def events(day: dt.date, count: int = 200) -> Rows:
    """Return a day of a small shop: seven in ten events are views, a tenth has no user."""
    types = ("view",) * 14 + ("cart",) * 3 + ("purchase",) * 3
    return [
        {
            "event_id": f"{day}-{n}",
            "user_id": None if n % 10 == 0 else f"u{n % 40}",
            "item_id": f"i{n * 7 % 40}",
            "event_type": types[n % 20],
            "event_ts": dt.datetime.combine(day, dt.time(9), tzinfo=dt.UTC),
            "quantity": 1.0,
            "price": 2.5,
        }
        for n in range(count)
    ]


def day_of(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


def open_shop(lake: Lake, days: int, *, closed: Callable[[dt.date], bool] = lambda day: False) -> None:
    for number in range(days):
        day = day_of(number)
        commit_rows(lake, "events", [] if closed(day) else events(day), day=day)
        commit_rows(lake, "items", ITEMS if number == 0 else [], day=day)
        commit_rows(lake, "users", USERS if number == 0 else [], day=day)


def broken(lake: Lake, number: int, drift: DriftPolicy = DRIFT, severity: str = "fail") -> set[str]:
    """Return the rules of events that the day breaks."""
    past, figures = read_past(lake, day_of(number), ZoneInfo("UTC")), Figures()
    compare_events(figures, lake, past, POLICY, drift)
    add_books(figures, "events", past, POLICY)
    found = set()
    for check in checks_of(CONTRACT["events"], SETTINGS):
        value = figures.values.get(check.figure)
        if value is not None and check.severity == severity and not check.column:
            least, most = check.arguments.get("min_value", value), check.arguments.get("max_value", value)
            found |= set() if least <= value <= most else {check.rule}
    return found


def deliver(lake: Lake, number: int, change: Change) -> None:
    day = day_of(number)
    commit_rows(lake, "events", change(events(day)), day=day)
    for table in ("items", "users"):
        commit_rows(lake, table, [], day=day)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A shop after three ordinary weeks; each test delivers day 21 its own way."""
    from include.lake import open_lake

    lake = open_lake(tmp_path_factory.mktemp("shop").as_uri())
    open_shop(lake, 21)
    return lake


def each(**values: Any) -> Change:
    return lambda rows: [{**row, **values} for row in rows]


def some(every: int, **values: Any) -> Change:
    return lambda rows: [{**row, **values} if n % every else row for n, row in enumerate(rows)]


def padded(count: int) -> Change:
    """Give the items of the first rows a leading zero that the catalogue does not know."""
    return lambda rows: [{**row, "item_id": f"0{row['item_id']}"} for row in rows[:count]] + rows[count:]


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        (lambda rows: rows, set()),
        (lambda rows: rows[:130], set()),
        (lambda rows: rows[:100], {"volume"}),
        (lambda rows: [], {"volume"}),
        (some(5, user_id=None), {"missing_user_id"}),
        (some(3, price=None), {"missing_price"}),
        (some(3, price=0.0), {"missing_price"}),
        (padded(200), {"unknown_items", "more_unknown_items"}),
        (padded(60), {"more_unknown_items"}),
        (
            lambda rows: [{**row, "user_id": row["user_id"] and f"{row['user_id']}.0"} for row in rows],
            {"unknown_users", "more_unknown_users"},
        ),
        (lambda rows: [row for row in rows if row["event_type"] != "purchase"], {"event_types"}),
        (each(event_type="view"), {"event_types"}),
        (some(2, user_id="guest"), {"top_user", "more_unknown_users"}),
    ],
)  # fmt: skip
def test_a_broken_feed_is_seen_before_training(shop: Lake, change: Change, rules: set[str]) -> None:
    deliver(shop, 21, change)
    assert broken(shop, 21) == rules


def test_a_large_day_warns_only(shop: Lake) -> None:
    deliver(shop, 21, lambda rows: [{**row, "event_id": f"{n}-{row['event_id']}"} for n in range(4) for row in rows])
    assert broken(shop, 21) == set()
    assert "large_volume" in broken(shop, 21, severity="warn")


def test_a_day_that_is_known_by_name_may_be_small(shop: Lake) -> None:
    deliver(shop, 21, lambda rows: rows[:20])
    known = DRIFT.model_copy(update={"known_days": {day_of(21): "works outing"}})
    assert "volume" in broken(shop, 21)
    assert broken(shop, 21, known) == set()


def test_old_events_count_as_late_and_the_age_is_of_the_newest(shop: Lake) -> None:
    deliver(shop, 21, each(event_ts=dt.datetime(2026, 1, 2, tzinfo=dt.UTC)))
    past, figures = read_past(shop, day_of(21), ZoneInfo("UTC")), Figures()
    compare_events(figures, shop, past, POLICY, DRIFT)
    assert (figures.values["late_share"], figures.values["age_days"]) == (1.0, 80)


def test_a_shop_whose_days_differ_much_is_left_alone(lake: Lake) -> None:
    open_shop(lake, 22)
    for number in range(21):
        deliver(lake, number, lambda rows, n=number: rows[: 200 if n % 3 else 110])
    deliver(lake, 21, lambda rows: rows[:100])
    commit_rows(lake, "items", ITEMS, day=FIRST)
    commit_rows(lake, "users", USERS, day=FIRST)
    assert broken(lake, 21) == set()
    deliver(lake, 21, lambda rows: rows[:10])
    assert broken(lake, 21) == {"volume"}


@pytest.mark.parametrize("days", [1, 2, 8, 15])
def test_first_days_break_nothing(lake: Lake, days: int) -> None:
    open_shop(lake, days)
    assert broken(lake, days - 1) == set()


def test_closed_sundays_break_nothing(lake: Lake) -> None:
    open_shop(lake, 22, closed=lambda day: day.weekday() == 6)
    assert [broken(lake, number) for number in (6, 7, 13, 14, 20, 21)] == [set()] * 6


def test_no_item_matches_from_the_first_day_on(lake: Lake) -> None:
    open_shop(lake, 1)
    commit_rows(lake, "items", [{**row, "item_id": f"00{row['item_id']}"} for row in ITEMS], day=FIRST)
    assert broken(lake, 0) == {"unknown_items"}


def test_a_few_rows_are_no_evidence(lake: Lake) -> None:
    open_shop(lake, 1)
    commit_rows(lake, "events", [{**row, "item_id": "new"} for row in events(FIRST, 4)], day=FIRST, quarantined=4)
    assert broken(lake, 0) == set()
    assert {"some_unknown_items", "some_quarantined"} <= broken(lake, 0, severity="warn")


def test_each_day_is_counted_once(shop: Lake) -> None:
    deliver(shop, 21, lambda rows: rows)
    past = read_past(shop, day_of(21), ZoneInfo("UTC"))
    counts = event_counts(shop, past, FIRST)
    assert (counts["rows"], counts["no_user"], counts["types"]["purchase"], counts["users"]) == (200, 20, 30, 36)
    before = len(shop.list_files("event_counts"))
    assert event_counts(shop, past, FIRST) == counts
    assert len(shop.list_files("event_counts")) == before
    assert len(list_days(shop, "events")) == 22


@pytest.mark.parametrize(
    ("delivered", "whole", "ratios"),
    [
        ([], False, (None, None)),
        ([{**ITEMS[0], "in_stock": False}], False, (0.975, 1.0)),
        ([{**row, "in_stock": False} for row in ITEMS], False, (0.0, 1.0)),
        ([{"item_id": "new", "title": "New", "in_stock": True}], False, (1.0, 1.025)),
        (ITEMS[:10], True, (1.0, 0.25)),
        (ITEMS, True, (1.0, 1.0)),
    ],
)
def test_the_catalogue_beside_the_day_before(
    shop: Lake, delivered: Rows, whole: bool, ratios: tuple[float | None, float | None]
) -> None:
    deliver(shop, 21, lambda rows: rows)
    commit_rows(shop, "items", delivered, day=day_of(21))
    figures = Figures()
    compare_catalogue(figures, shop, read_past(shop, day_of(21), ZoneInfo("UTC")), POLICY, whole=whole)
    assert (figures.values["in_stock_ratio"], figures.values["items_ratio"]) == ratios
