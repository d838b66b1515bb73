"""What was bought, and how much of it was on the buyer's list before."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from include.evaluation.revenue import measure_takings

LISTS = [
    pa.record_batch({"user_id": ["u1", "u2"], "item_ids": pa.array([["a", "b"], ["c"]], pa.list_(pa.string()))}),
    pa.record_batch({"user_id": ["u3"], "item_ids": pa.array([["a"]], pa.list_(pa.string()))}),
]


def events(*rows: dict[str, Any]) -> pa.Table:
    default = {"user_id": "u1", "item_id": "a", "event_type": "purchase", "price": 2.0, "quantity": 1}
    return pa.Table.from_pylist([default | row for row in rows])


def test_only_purchases_of_what_was_on_the_buyers_own_list_count_as_on_it() -> None:
    others = ({"item_id": "c"}, {"user_id": "u3"}, {"user_id": None}, {"user_id": "u9"}, {"event_type": "view"})
    bought = events({"quantity": 3}, *others)
    (one,) = measure_takings(bought, LISTS, {})
    assert (one.bought, one.on_list, one.worth, one.worth_on_list, one.share) == (5, 2, 14.0, 8.0, 8 / 14)


def test_a_purchase_without_a_price_takes_the_items_and_one_without_either_is_worth_nothing() -> None:
    (one,) = measure_takings(events({"price": None}, {"price": None, "item_id": "b"}), LISTS, {"a": 5.0})
    assert (one.bought, one.priced, one.worth, one.worth_on_list) == (2, 1, 5.0, 5.0)


def test_without_any_price_the_share_is_that_of_the_purchases() -> None:
    bought = events({}, {"item_id": "c"}).drop_columns(["price", "quantity"])
    (one,) = measure_takings(bought, LISTS, {})
    assert (one.worth, one.share) == (0.0, 0.5)


def test_currencies_are_not_added_up() -> None:
    found = measure_takings(events({"currency": "EUR"}, {"currency": "GBP"}, {"currency": "GBP"}), LISTS, {})
    assert [(one.currency, one.worth) for one in found] == [("GBP", 4.0), ("EUR", 2.0)]


def test_a_day_without_purchases_has_no_takings() -> None:
    assert measure_takings(events({"event_type": "view"}), LISTS, {}) == []
