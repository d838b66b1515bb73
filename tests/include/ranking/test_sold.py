"""What sold becomes lists: what may not be shown is left out before the cut, and order is the same in every run."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa

from include.features import TrainingSet
from include.model import Recommender
from include.policy import load_policy
from include.ranking import Catalogue, make_catalogue_and_users
from include.ranking.reasons import Reason
from include.ranking.sold import best_sellers, bought_before, bought_together, buy_again, trending
from tests.training_sets import RUN_DATE, Pair, make_training_set

ITEMS: dict[str, dict[str, Any]] = {
    "a": {"category": "x"},
    "b": {"category": "x", "in_stock": False},
    "c": {"category": "y", "first_seen_on": dt.date(2025, 3, 1)},
    "d": {"category": "y", "first_seen_on": dt.date(2025, 4, 1)},
    "e": {},
}
A, B, C, D, E = range(5)


def shop(**ranking: Any) -> tuple[Catalogue, TrainingSet]:
    pairs = [Pair("u1", "a"), Pair("u1", "b"), Pair("u2", "a"), Pair("u2", "e"), Pair("u3", "b")]
    users = {"u1": "north", "u2": "everybody", "u3": "south"}
    made = make_training_set(pairs, users=users, items=ITEMS)
    return make_catalogue_and_users(made, Recommender.popular(), load_policy({"ranking": ranking}).ranking)[0], made


def floats(*values: float) -> pa.Array:
    return pa.array(values, pa.float32())


def positions(*values: int) -> pa.Array:
    return pa.array(values, pa.int32())


def lists(table: pa.Table) -> dict[tuple[str, str], list[str]]:
    key, scope = table.column_names[:2]
    return {(row[key], row[scope]): row["item_ids"] for row in table.to_pylist()}


def test_what_is_bought_together_leaves_out_what_is_not_in_stock_before_the_cut() -> None:
    together = pa.table(
        {
            "item_index": positions(A, A, A, B, E),
            "other_index": positions(B, D, C, A, B),
            "support": positions(9, 4, 4, 9, 2),
            "lift": floats(3, 2, 2, 3, 1.5),
            "score": floats(9, 2, 2, 9, 1),
        }
    )
    found = bought_together(shop()[0], together, 1).to_pylist()
    assert found == [
        {
            "item_id": key, "scope": "", "item_ids": [item], "scores": [score],
            "reason_codes": [Reason.BOUGHT_TOGETHER], "reason_item_ids": [key], "support": [support], "lift": [lift],
        }
        for key, item, score, support, lift in (("a", "c", 2.0, 4.0, 2.0), ("b", "a", 9.0, 9.0, 3.0))
    ]  # fmt: skip


def test_trends_are_by_category_and_segment_and_hold_only_what_grows() -> None:
    trends = pa.table(
        {
            "segment": ["everybody"] * 5 + ["north"],
            "item_index": positions(A, B, C, D, E, E),
            "observed": positions(5, 9, 4, 4, 7, 7),
            "expected": floats(1, 1, 1, 5, 1, 1),
            "growth": floats(2, 4, 1.5, 0.9, 3, 3),
        }
    )
    catalogue, made = shop(allow={"north": {"categories": ["x"]}})
    found = trending(catalogue, made.categories, trends, 10)
    assert lists(found) == {("", "everybody"): ["e", "a", "c"], ("x", "everybody"): ["a"], ("y", "everybody"): ["c"]}
    assert found.to_pylist()[0]["sold"] == [7.0, 5.0, 4.0]


def test_where_nothing_trends_the_best_sellers_of_the_week_say_that_they_are_that() -> None:
    nan = float("nan")
    trends = pa.table(
        {
            "segment": ["everybody"] * 5 + ["north"] * 2,
            "item_index": positions(A, B, C, D, E, A, E),
            "observed": positions(5, 9, 4, 6, 7, 2, 3),
            "expected": floats(1, 1, 5, 9, 1, 0, 0),
            "growth": floats(2, 4, 0.9, 0.8, 3, nan, nan),  # "north" has no week to compare with
        }
    )
    catalogue, made = shop()
    found = trending(catalogue, made.categories, trends, 10)
    assert lists(found) == {
        ("", "everybody"): ["e", "a"], ("x", "everybody"): ["a"], ("y", "everybody"): ["d", "c"],
        ("", "north"): ["e", "a"], ("x", "north"): ["a"],
    }  # fmt: skip
    rows = {(row["category"], row["segment"]): row for row in found.to_pylist()}
    reasons = {key: set(row["reason_codes"]) for key, row in rows.items()}
    best, trend = {Reason.BEST_SELLER}, {Reason.TRENDING}
    assert reasons == {
        ("", "everybody"): trend, ("x", "everybody"): trend, ("y", "everybody"): best,
        ("", "north"): best, ("x", "north"): best,
    }  # fmt: skip
    assert (rows["y", "everybody"]["scores"], rows["y", "everybody"]["sold"]) == ([6.0, 4.0], [6.0, 4.0])
    assert rows["", "north"]["expected"] == [0.0, 0.0]


def test_each_category_has_best_sellers_and_unsold_items_come_newest_first() -> None:
    catalogue, made = shop(blocked_items=["e"])
    assert lists(best_sellers(catalogue, made, 10)) == {
        ("", "everybody"): ["a", "d", "c"],
        ("x", "everybody"): ["a"],
        ("y", "everybody"): ["d", "c"],
        ("", "north"): ["a"],
        ("x", "north"): ["a"],
    }


def test_users_get_what_they_are_due_to_buy_again() -> None:
    due = pa.table(
        {
            "user_index": positions(0, 0, 0, 1, 2),
            "item_index": positions(A, B, E, E, B),
            "purchases": positions(2, 3, 4, 1, 1),
            "due_on": pa.array([RUN_DATE, RUN_DATE, RUN_DATE - dt.timedelta(3), RUN_DATE, RUN_DATE], pa.date32()),
            "score": floats(0.5, 0.9, 0.7, 0.1, 0.1),
        }
    )
    catalogue, made = shop()
    found = buy_again(catalogue, made, due, 5)
    assert lists(found) == {("u1", ""): ["e", "a"], ("u2", ""): ["e"]}
    first = found.to_pylist()[0]
    assert (first["purchases"], first["days_until_due"]) == ([4.0, 2.0], [-3.0, 0.0])
    assert first["reason_item_ids"] == [None, None]


def own_list(user: str, items: list[str], codes: list[int]) -> pa.RecordBatch:
    columns = {"user_id": [user], "item_ids": [items], "reason_codes": pa.array([codes], pa.list_(pa.int8()))}
    return pa.RecordBatch.from_pydict(columns)


def test_figures_of_what_stands_in_lists_because_it_was_bought() -> None:
    last = {"a": RUN_DATE - dt.timedelta(11), "b": RUN_DATE, "e": RUN_DATE - dt.timedelta(1)}
    pairs = [
        Pair("u1", item, n_after=times - 1, bought_on=last[item]) for item, times in (("a", 2), ("b", 2), ("e", 4))
    ]
    made = make_training_set([*pairs, Pair("u2", "e", bought_on=RUN_DATE)], items=ITEMS)
    again, taste = Reason.BOUGHT_AGAIN, Reason.TASTE
    read = [
        own_list("u1", ["a", "c", "e"], [again, taste, again]),
        own_list("u2", ["a"], [taste]),
        own_list("u1", ["e", "b"], [again, again]),  # at another placement
    ]
    (row,) = bought_before(made, made.at("all"), read).to_pylist()
    assert (row["user_id"], row["scope"]) == ("u1", "")
    assert row["item_ids"] == ["e", "b", "a"]
    assert (row["purchases"], row["days_since"]) == ([4.0, 2.0, 2.0], [2.0, 1.0, 12.0])
    assert row["reason_codes"] == [again] * 3
    assert bought_before(made, made.at("all"), read[1:2]).num_rows == 0
    assert bought_before(made, made.at("all"), []).num_rows == 0


def test_nothing_sold_makes_no_lists() -> None:
    empty = pa.table({name: positions() for name in ("item_index", "other_index", "support", "lift", "score")})
    assert bought_together(shop()[0], empty, 5).num_rows == 0
