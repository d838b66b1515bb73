"""The sales tables, from exact small tables of purchases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from math import exp, log
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from include.features.interactions import periods
from include.policy import Policy, load_policy
from include.sales.build import sales_frames
from include.sales.purchases import SALES_SCHEMA, purchases

pytestmark = pytest.mark.spark

RUN_DATE = dt.date(2026, 1, 31)
SALES: dict[str, Any] = {
    "half_life_days": 10, "min_support": 1, "pair_prior": 1.0, "trend_days": 2, "trend_weeks": 2, "trend_prior": 1.0,
    "rhythm_prior": 1.0, "rhythm_spread": 1.0, "due_from": 0.5,
}  # fmt: skip
Line = tuple[Any, ...]


def policy(**sales: Any) -> Policy:
    return load_policy({"features": {"window_days": 100}, "sales": SALES | sales})


def line(user: str | None, item: str, age: int, order: str | None = None, quantity: float = 1) -> Line:
    """Return a purchase, or a return where the quantity is negative."""
    stamp = dt.datetime.combine(RUN_DATE - dt.timedelta(days=age), dt.time(23, 59), dt.UTC)
    kind = "purchase" if quantity > 0 else "return"
    return (user, item, kind, stamp, float(abs(quantity)), 2.0, stamp.date(), order)


def known(spark: SparkSession, lines: Sequence[Line]) -> tuple[DataFrame, DataFrame, DataFrame]:
    """Return events, users (all of the segment "north" but the last) and items, as a training set has them."""
    users = sorted({row[0] for row in lines if row[0]})
    items = sorted({row[1] for row in lines})
    segments = [(index, name, "north" if index < len(users) - 1 else "everybody") for index, name in enumerate(users)]
    return (
        spark.createDataFrame(list(lines), SALES_SCHEMA),
        spark.createDataFrame(segments, "user_index int, user_id string, segment string"),
        spark.createDataFrame(list(enumerate(items)), "item_index int, item_id string"),
    )


def table(spark: SparkSession, name: str, lines: Sequence[Line], **sales: Any) -> list[tuple[Any, ...]]:
    chosen = policy(**sales)
    with sales_frames(*known(spark, lines), periods(RUN_DATE, chosen), chosen) as tables:
        return [tuple(row) for row in tables[name].collect()]


def test_a_basket_is_an_order_or_else_a_users_day_and_nothing_sent_back_is_in_it(spark: SparkSession) -> None:
    lines = [
        line("u1", "a", 3, "o1"), line(None, "b", 2, "o1"),  # one order
        line("u1", "b", 3), line("u1", "c", 3), line("u1", "a", 2), line("u1", "a", 2, " "),
        line(None, "c", 3),  # nobody knows with what
        line("u2", "a", 5, "o2"), line("u2", "b", 5, "o2"), line("u2", "b", 4, "o3", -1),
        line(None, "a", 5, "o4"), line(None, "a", 5, "o4", -1), line(None, "c", 5, "o4"),
        line("u3", "a", 100),  # before the window
        line("u3", "a", -1),  # after the run date
    ]  # fmt: skip
    events, _, items = known(spark, lines)
    found = [tuple(row) for row in purchases(events, items, periods(RUN_DATE, policy())).collect()]
    day = {age: RUN_DATE - dt.timedelta(days=age) for age in (2, 3, 5)}
    assert sorted((basket, index, on) for basket, _, index, on in found) == [
        ("oo1", 0, day[3]), ("oo1", 1, day[2]), ("oo2", 0, day[5]), ("oo4", 2, day[5]),
        (f"u u1 {day[3]}", 1, day[3]), (f"u u1 {day[3]}", 2, day[3]), (f"u u1 {day[2]}", 0, day[2]),
    ]  # fmt: skip


def test_pairs_are_decayed_and_their_lift_is_shrunk(spark: SparkSession) -> None:
    lines = [
        line("u1", "a", 0, "1"), line("u1", "b", 0, "1"),
        line("u2", "a", 10, "2"), line("u2", "b", 10, "2"),
        line("u3", "c", 0, "3"), line("u4", "c", 0, "4"), line("u5", "a", 0, "5"), line("u5", "c", 0, "5"),
    ]  # fmt: skip
    found = {row[:2]: row[2:] for row in table(spark, "together", lines)}
    # Baskets weigh 1, .5, 1, 1, 1: a is in 2.5 of 4.5, b in 1.5
    weight, expected = 1.5, 2.5 * 1.5 / 4.5
    lift = (weight + 1) / (expected + 1)
    assert set(found) == {(0, 1), (1, 0)}  # a and c meet less than by chance
    assert found[0, 1] == found[1, 0] == pytest.approx((1.5, 2, lift, 1.5 * log(lift)), rel=1e-6)
    assert table(spark, "together", lines, min_support=3) == []


def test_each_item_keeps_its_best_neighbours(spark: SparkSession) -> None:
    lines = [
        line("u", item, 0, order) for order, items in enumerate(["ab", "ab", "ac", "d", "e", "f"]) for item in items
    ]
    lines = [(*row[:-1], str(row[-1])) for row in lines]
    assert [row[:2] for row in table(spark, "together", lines, neighbours=1)] == [(0, 1), (1, 0), (2, 0)]


def test_a_wide_basket_does_not_explode_and_its_sample_is_the_same_each_time(spark: SparkSession) -> None:
    lines = [line("whole", f"i{number:04d}", 0, "wide") for number in range(5000)]
    lines += [line(f"u{number}", "i0000", 1) for number in range(5)]
    first = table(spark, "together", lines, max_basket_items=10, neighbours=5000)
    assert len(first) == 10 * 9
    assert first == table(spark, "together", lines[::-1], max_basket_items=10, neighbours=5000)


def test_growth_is_against_the_same_weekdays_and_small_numbers_are_shrunk(spark: SparkSession) -> None:
    # The last two days, and the same weekdays one and two weeks before
    lines = [line(f"u{n}", "up", age) for n, age in enumerate([0, 1, 0, 1, 7, 14])]
    lines += [line(f"v{n}", "same", age) for n, age in enumerate([0, 1, 7, 8, 14, 15])]
    lines += [line(f"w{n}", "other_weekday", age) for n, age in enumerate([0, 3, 3, 10, 10])]
    lines += [line("u0", "up", 1), line("x", "gone", 7), line("first", "same", 16)]
    found = {row[:2]: row[2:] for row in table(spark, "trends", lines)}
    observed, expected = 4 + 2 + 1, 1 + 2 + 0 + 0.5  # a user counts once in a window
    general = observed / expected
    values = {"other_weekday": (1, 0.0), "same": (2, 2.0), "up": (4, 1.0)}
    names = ["gone", "other_weekday", "same", "up"]
    assert {names[index] for _, index in found if _ == "everybody"} == set(values)
    for name, (seen, usual) in values.items():
        growth = (seen + general) / (usual + 1) / general
        assert found["everybody", names.index(name)] == pytest.approx((seen, usual, growth), rel=1e-6)
    assert found["north", 3][:2] == (4, 1.0)


def test_a_shop_compares_with_the_weeks_that_it_has(spark: SparkSession) -> None:
    lines = [line("u1", "a", 0), line("u2", "a", 7), line("u3", "a", 8)]
    assert [(row[0], *row[2:4]) for row in table(spark, "trends", lines)] == [("everybody", 1, 2.0), ("north", 1, 1.0)]
    # Without the last the week before is not whole: there is nothing to compare with
    assert table(spark, "trends", lines[:2]) == [("everybody", 0, 1, 0.0, None), ("north", 0, 1, 0.0, None)]


def test_a_segment_that_bought_nothing_before_has_what_it_buys_now(spark: SparkSession) -> None:
    lines = [line("v", "a", 0), line("w", "b", 0), line("x", "a", 7), line("x", "b", 8), line("x", "b", 20)]
    found = {row[:2]: row[2:] for row in table(spark, "trends", lines)}
    assert found["north", 0] == (1, 0.0, None)
    assert found["everybody", 0][:2] == (1, 0.5)


def test_what_is_due_follows_the_users_and_the_items_rhythm(spark: SparkSession) -> None:
    lines = [line("often", "milk", age) for age in (5, 15, 25)]
    lines += [line("once", "milk", age) for age in (9,)] + [line("fresh", "milk", 1)]
    lines += [line("often", "lamp", 50)]
    found = {row[:2]: row[2:] for row in table(spark, "due", lines)}
    # Of 3 buyers of milk one came back; of all 4 pairs one; its median gap is the shop's, 10 days
    of_milk, of_lamp = (1 + 0.25) / (3 + 1), (0 + 0.25) / (1 + 1)
    fresh, often, once = 0, 1, 2
    lamp, milk = 0, 1
    score = lambda again, passed: again * exp(-(log(passed) ** 2) / 2)  # noqa: E731
    day = RUN_DATE - dt.timedelta(days=5) + dt.timedelta(days=10)
    assert found[often, milk] == (3, day, pytest.approx(score((2 + of_milk) / 3, 6 / 10), rel=1e-6))
    assert found[once, milk][2] == pytest.approx(score(of_milk, 1.0), rel=1e-6)
    assert found[often, lamp][2] == pytest.approx(score(of_lamp, 5.1), rel=1e-6)
    assert (fresh, milk) not in found  # two days of ten
    assert len(table(spark, "due", lines, due_items=1)) == 2


def test_nothing_is_due_where_nobody_ever_came_back(spark: SparkSession) -> None:
    assert table(spark, "due", [line("u", "a", 20), line("v", "b", 20)]) == []
