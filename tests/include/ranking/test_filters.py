import datetime as dt

import numpy as np
import pytest

from include.model.factors import Factors, demote_unknown
from include.policy import SeenRule
from include.ranking import top_n
from include.ranking.rules import allowed_items, seen_since

DAY = dt.date(2026, 1, 31)


def test_what_is_out_of_stock_or_blocked_is_not_allowed() -> None:
    ids = np.array(["a", "b", "c"])
    assert allowed_items(ids, np.array([True, False, True]), ["c", "unheard of"]).tolist() == [True, False, False]
    assert allowed_items(ids, np.array([True, True, True]), ()).all()


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("never", {}), (1, {"cart": DAY}), (30, {"cart": dt.date(2026, 1, 2)}), ("ever", {"cart": dt.date.min})],
)
def test_a_seen_rule_is_a_first_day(rule: SeenRule, expected: dict[str, dt.date]) -> None:
    assert seen_since({"cart": rule}, DAY) == expected


def test_event_types_have_rules_of_their_own() -> None:
    since = seen_since({"purchase": "ever", "view": "never", "cart": 7}, DAY)
    assert since == {"purchase": dt.date.min, "cart": dt.date(2026, 1, 25)}


def test_items_that_the_model_does_not_know_come_after_all_others() -> None:
    users = Factors(np.array([[-4.0], [4.0]], np.float32), np.zeros(2, np.float32), np.ones(2, bool))
    known = np.array([True, False, True])
    items = Factors(np.array([[2.0], [0.0], [-3.0]], np.float32), np.array([-1.0, 0.0, -1.0], np.float32), known)
    assert top_n(users, items, 3).items.tolist() == [[2, 1, 0], [0, 1, 2]]
    assert top_n(users, demote_unknown(items, users), 3).items.tolist() == [[2, 0, 1], [0, 2, 1]]


@pytest.mark.parametrize("known", [True, False])
def test_where_all_or_none_are_known_nothing_changes(known: bool) -> None:
    items = Factors(np.ones((2, 1), np.float32), np.ones(2, np.float32), np.full(2, known))
    assert demote_unknown(items, items) is items


def test_what_the_model_does_not_know_stays_last_however_popular_it_is() -> None:
    users = Factors(np.array([[1.0]], np.float32), np.zeros(1, np.float32), np.ones(1, bool))
    items = Factors(np.array([[-1.0], [0.0]], np.float32), np.array([-1.0, 9.0], np.float32), np.array([True, False]))
    assert top_n(users, demote_unknown(items, users), 2).items.tolist() == [[0, 1]]
