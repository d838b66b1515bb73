from __future__ import annotations

import datetime as dt
import logging
from typing import Any

import numpy as np
import pytest

from include.errors import ConfigurationError
from include.policy import RankingPolicy, SeenRule, load_policy
from include.ranking import Rules
from include.ranking.rules import allowed_items, fresh_boost, make_rules, new_items, places, seen_since

RUN_DATE = dt.date(2026, 1, 31)
IDS = np.array(["cup", "mug", "pan", "pot", "rug"])
CATEGORIES = np.array(["drink", "drink", "cook", "cook", ""])
SEEN_ON = np.array(["2025-01-01", "2026-01-31", "2026-01-02", "2026-01-01", "2025-01-01"], dtype="datetime64[D]")


def policy(**changes: Any) -> RankingPolicy:
    return load_policy({"ranking": changes}).ranking


def rules(**changes: Any) -> Rules:
    return make_rules(
        policy(**changes),
        item_ids=IDS,
        categories=CATEGORIES,
        in_stock=np.array([True, True, True, False, True]),
        first_seen_on=SEEN_ON,
        run_date=RUN_DATE,
    )


def names(mask: np.ndarray) -> list[str]:
    return [str(name) for name in IDS[mask]]


def test_stock_blocklists_and_age_hold_for_everyone() -> None:
    assert names(rules().common.allowed) == ["cup", "mug", "pan", "rug"]
    assert names(rules(blocked_items=["rug"], blocked_categories=["drink"]).common.allowed) == ["pan"]
    assert names(rules(max_age_days=29).common.allowed) == ["mug", "pan"]
    assert names(rules(max_age_days=28).common.allowed) == ["mug"]


def test_an_allow_list_holds_for_its_segment_and_never_allows_what_is_blocked() -> None:
    made = rules(allow={"France": {"items": ["rug"], "categories": ["cook"]}}, blocked_items=["rug"])
    assert names(made.profile("France").allowed) == ["pan"]
    assert names(made.profile("Spain").allowed) == ["cup", "mug", "pan"]


def test_pinned_items_keep_their_order_and_come_once() -> None:
    pins = [{"items": ["rug", "cup"]}, {"items": ["mug", "rug"], "segment": "France"}]
    made = rules(pinned=pins)
    assert IDS[made.profile("France").pinned].tolist() == ["rug", "cup", "mug"]
    assert IDS[made.profile("Spain").pinned].tolist() == ["rug", "cup"]
    assert names(made.profile("Spain").ranked) == ["mug", "pan"]


def test_what_nobody_delivered_is_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        made = rules(pinned=[{"items": ["typo", "cup"]}], blocked_items=["tpyo"])
    assert IDS[made.common.pinned].tolist() == ["cup"]
    assert "ranking.pinned names 1 items that nobody delivered, first typo" in caplog.text
    assert "ranking.blocked_items names 1 items that nobody delivered, first tpyo" in caplog.text


def test_new_is_what_came_lately_but_not_with_the_first_delivery() -> None:
    days = np.array(["2026-01-31", "2026-01-02", "2026-01-01", "2025-12-01"], dtype="datetime64[D]")
    assert new_items(days, RUN_DATE, 30).tolist() == [True, True, False, False]
    assert new_items(days[:2], RUN_DATE, 30).tolist() == [True, False]
    assert new_items(days[:0], RUN_DATE, 30).tolist() == []


def test_the_boost_halves_with_age_and_the_first_delivery_has_none() -> None:
    boost = fresh_boost(SEEN_ON, RUN_DATE, policy(fresh_boost=2.0, fresh_half_life_days=29))
    np.testing.assert_allclose(boost, [0, 2, 1, 2 * 0.5 ** (30 / 29), 0], rtol=1e-6)
    assert fresh_boost(SEEN_ON, RUN_DATE, policy()).tolist() == [0] * 5


@pytest.mark.parametrize(
    ("share", "n", "expected"), [(0, 50, 0), (0.1, 50, 5), (0.07, 100, 7), (0.01, 50, 1), (1, 3, 3)]
)
def test_a_share_is_the_least_number_of_places(share: float, n: int, expected: int) -> None:
    assert places(share, n) == expected


def test_seen_in_its_simple_and_its_full_form() -> None:
    assert policy(seen="ever").seen_rules == {"purchase": "ever"}
    assert policy(seen=30).seen_rules == {"purchase": 30}
    assert policy(seen={"purchase": "ever", "cart": 7}).seen_rules == {"purchase": "ever", "cart": 7}


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"seen": {"wishlist": "ever"}}, "ranking.seen"),
        ({"seen": 0}, "ranking.seen"),
        ({"seen": "sometimes"}, "ranking.seen"),
        ({"min_new_share": 1.5}, "ranking.min_new_share"),
        ({"max_per_category": 0}, "ranking.max_per_category"),
        ({"allow": {"France": {}}}, "ranking.allow.France"),
        ({"pinned": [{"items": []}]}, "ranking.pinned.0.items"),
        ({"pinned": [{"item": "a"}]}, "ranking.pinned.0"),
    ],
)
def test_what_makes_no_sense_is_named(changes: dict[str, Any], where: str) -> None:
    with pytest.raises(ConfigurationError, match=where):
        policy(**changes)


def test_what_is_out_of_stock_or_blocked_is_not_allowed() -> None:
    ids = np.array(["a", "b", "c"])
    assert allowed_items(ids, np.array([True, False, True]), ["c", "unheard of"]).tolist() == [True, False, False]
    assert allowed_items(ids, np.array([True, True, True]), ()).all()


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("never", {}), (1, {"cart": RUN_DATE}), (30, {"cart": dt.date(2026, 1, 2)}), ("ever", {"cart": dt.date.min})],
)
def test_a_seen_rule_is_a_first_day(rule: SeenRule, expected: dict[str, dt.date]) -> None:
    assert seen_since({"cart": rule}, RUN_DATE) == expected


def test_event_types_have_rules_of_their_own() -> None:
    since = seen_since({"purchase": "ever", "view": "never", "cart": 7}, RUN_DATE)
    assert since == {"purchase": dt.date.min, "cart": dt.date(2026, 1, 25)}
