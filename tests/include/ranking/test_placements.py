"""Placements: exactly what ranking their candidates alone would give, from one ranking of the catalogue."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from include.model.factors import Factors
from include.ranking import Profile, Rules
from include.ranking.kernel import choose, top_n
from include.ranking.lists import make_all_lists, make_lists
from include.ranking.placements import Asked, Placement, favourite_categories, place
from include.types import NOTHING, Bools, Floats, Integers
from tests.include.ranking.made import N_ITEMS, make_night

N_CATEGORIES = 5


def brute_force(scores: Floats, allowed: Bools, rules: Rules, favourites: Integers, pinned: Integers) -> list[int]:
    """One user's list by going down everything, straight from the rules."""
    own = set(favourites[favourites != NOTHING].tolist())
    there = [
        int(item)
        for item in np.lexsort((np.arange(len(scores)), -scores))
        if allowed[item] and item not in pinned and (not own or rules.categories[item] in own)
    ]
    taken, counts, old = [], {}, 0

    def take(item: int) -> None:
        nonlocal old
        taken.append(item)
        counts[rules.categories[item]] = counts.get(rules.categories[item], 0) + 1
        old += not rules.is_new[item]

    def fits(item: int) -> bool:
        category = rules.categories[item]
        return not (rules.cap and category != NOTHING and counts.get(category, 0) >= rules.cap) and item not in taken

    for item in pinned:
        if allowed[item] and len(taken) < rules.top_n and fits(item):
            take(int(item))
    head = len(taken)
    old = 0 if not head else old
    for least_new in (True, False):
        for item in there:
            full = least_new and not rules.is_new[item] and old >= rules.top_n - rules.min_new
            if len(taken) < rules.top_n and fits(item) and not full:
                take(item)
    return taken[:head] + sorted(taken[head:], key=lambda item: (-scores[item], item))


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10_000), n=st.integers(1, 6), cap=st.integers(0, 2), min_new=st.integers(0, 2),
    most=st.sampled_from([0, 1, 3]), boosted=st.booleans(), width=st.integers(1, 30),
)  # fmt: skip
def test_a_list_is_what_ranking_the_candidates_alone_gives(
    seed: int, n: int, cap: int, min_new: int, most: int, boosted: bool, width: int
) -> None:
    random = np.random.default_rng(seed)
    n_users, n_items = 7, 40
    vectors = random.integers(-2, 3, (n_users + n_items, 3)).astype(np.float32)
    users = Factors(vectors[:n_users], np.zeros(n_users, np.float32), np.ones(n_users, bool))
    items = Factors(vectors[n_users:], random.integers(-1, 2, n_items).astype(np.float32), np.ones(n_items, bool))
    history = sparse.csr_matrix((random.random((n_users, n_items)) < 0.15).astype(np.float32))
    rules = Rules(
        top_n=n, categories=random.integers(-1, N_CATEGORIES, n_items).astype(np.int32), cap=cap,
        is_new=random.random(n_items) < 0.2, min_new=min(min_new, n),
        common=Profile(random.random(n_items) < 0.6, np.array([], np.int32)), profiles={},
    )  # fmt: skip
    added = np.where(random.random(n_items) < 0.1, random.integers(-3, 4, n_items), 0).astype(np.float32) * boosted
    placement = Placement("there", rules, added, most, None, "none")
    at_home = random.random(n_items) < 0.8
    favourites = favourite_categories(history, rules.categories, most)
    first = top_n(users, items, width, exclude=history, allowed=at_home)
    found = place(placement, Asked(users, history, None, favourites, first, at_home), items, rules.common)
    for user in range(n_users):
        scores = users.vectors[user] @ items.vectors.T + items.biases + added
        allowed = rules.common.allowed & (history[user].toarray().ravel() == 0)
        expected = brute_force(scores, allowed, rules, favourites[user], rules.common.pinned)
        assert found.items[user][found.items[user] != NOTHING].tolist() == expected
        assert found.scores[user, : len(expected)].tolist() == scores[expected].tolist()


def test_favourites_are_the_categories_with_the_most_weight() -> None:
    history = sparse.csr_matrix(np.array([[3, 1, 0, 1, 9], [0, 0, 0, 0, 0]], np.float32))
    categories = np.array([0, 1, 1, 1, NOTHING], np.int32)
    assert favourite_categories(history, categories, 3).tolist() == [[0, 1, NOTHING], [NOTHING] * 3]
    assert favourite_categories(history, categories, 1).tolist() == [[0], [NOTHING]]
    assert favourite_categories(history, categories, 0).shape == (2, 0)


def placement(name: str = "email", *, n: int = 4, fallback: str = "popular", **changes: object) -> Placement:
    catalogue, _ = make_night(1)
    rules = replace(catalogue.rules, top_n=n, cap=0, min_new=0, profiles={}, **changes)
    return Placement(name, rules, np.zeros(N_ITEMS, np.float32), 0, None, fallback)


def test_home_is_as_it_is_without_placements() -> None:
    catalogue, users = make_night(60)
    alone = make_lists(catalogue, users)
    beside = make_all_lists(replace(catalogue, placements=(placement(), placement("cart", n=9))), users)
    assert list(beside) == ["home", "email", "cart"]
    for one, other in zip(alone, beside["home"], strict=True):
        np.testing.assert_array_equal(one, other)
    assert beside["email"].items.shape == (60, 4)
    assert (beside["email"].codes > 0).all()


@pytest.mark.parametrize(("fallback", "length"), [("none", 2), ("popular", 2), ("home", 4)])
def test_what_candidates_leave_short_is_filled(fallback: str, length: int) -> None:
    catalogue, users = make_night(30)
    few = np.zeros(N_ITEMS, bool)
    few[[260, 270]] = True
    users = replace(users, seen=None)
    made = make_all_lists(
        replace(catalogue, placements=(placement(common=Profile(few, np.array([], np.int32)), fallback=fallback),)),
        users,
    )
    lists = made["email"]
    assert ((lists.items != NOTHING).sum(axis=1) == length).all()
    for user, row in enumerate(lists.items):
        assert set(row[:2]) == {260, 270}
        assert set(row[2:length]) <= set(made["home"].items[user])
        assert len(set(row[:length])) == length


def test_popular_items_among_the_candidates_fill_what_favourites_leave_short() -> None:
    catalogue, users = make_night(40)
    one = replace(placement(n=40), favourites=1)
    lists = make_all_lists(replace(catalogue, placements=(one,)), replace(users, seen=None))["email"]
    assert (lists.items != NOTHING).all()
    assert all(len(set(row)) == 40 for row in lists.items)


def test_what_was_seen_differs_by_placement() -> None:
    catalogue, users = make_night(40)
    nothing = sparse.csr_matrix(users.history.shape, dtype=bool)
    free = replace(catalogue, placements=(placement(n=10),))
    other = make_all_lists(free, replace(users, seen_at={"email": nothing}))["email"]
    without = make_all_lists(free, replace(users, seen=None))["email"]
    np.testing.assert_array_equal(other.items, without.items)


def test_choosing_says_where_a_ranking_may_go_on() -> None:
    catalogue, users = make_night(20)
    ranked = top_n(users.factors, catalogue.items, 8, allowed=np.arange(N_ITEMS) < 9)
    everything, categories = np.ones(N_ITEMS, bool), catalogue.rules.categories
    chosen, bounds = choose(ranked, everything, categories, np.empty((20, 0), np.int32))
    np.testing.assert_array_equal(chosen.items, ranked.items)
    np.testing.assert_array_equal(bounds, ranked.scores[:, -1])
    whole = top_n(users.factors, catalogue.items, 10, allowed=np.arange(N_ITEMS) < 9)
    assert np.isneginf(choose(whole, everything, categories, np.empty((20, 0), np.int32))[1]).all()
