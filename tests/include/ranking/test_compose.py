from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

import include.ranking.compose as compose_module
from include.ranking import Profile, Rules
from include.ranking.compose import compose_lists
from tests.include.ranking.kernel.test_topn import random_case
from tests.include.ranking.reference import reference_list


def make_rules(n_items: int, top_n: int, *, cap: int = 0, min_new: int = 0, seed: int = 0, groups: int = 4) -> Rules:
    random = np.random.default_rng(seed)
    return Rules(
        top_n=top_n,
        categories=random.integers(-1, groups, n_items).astype(np.int32),
        cap=cap,
        is_new=random.random(n_items) < random.choice([0.1, 0.5, 1]),
        min_new=min_new,
        common=Profile(np.ones(n_items, bool), np.empty(0, np.int32)),
        profiles={},
    )


@settings(deadline=None)  # the first example compiles
@given(
    seed=st.integers(0, 2**32 - 1),
    n_users=st.integers(1, 6),
    n_items=st.integers(0, 40),
    groups=st.integers(1, 6),
    n=st.integers(1, 12),
    cap=st.integers(0, 5),
    share=st.sampled_from([0.0, 0.2, 0.5, 1.0]),
    n_pinned=st.integers(0, 5),
    density=st.sampled_from([0.0, 0.4, 1.0]),
    surplus=st.sampled_from([1, 3]),
    owned=st.sampled_from([None, 0.3, 1.0]),
)
def test_lists_equal_the_rules_word_by_word(
    seed: int,
    n_users: int,
    n_items: int,
    groups: int,
    n: int,
    cap: int,
    share: float,
    n_pinned: int,
    density: float,
    surplus: int,
    owned: float | None,
) -> None:
    users, items = random_case(seed, n_users, n_items, 3, 2)
    random = np.random.default_rng(seed)
    rules = make_rules(n_items, n, cap=cap, min_new=int(np.ceil(share * n)), seed=seed, groups=groups)
    seen = random.random((n_users, n_items)) < density
    allowed = random.random(n_items) < 0.8
    pinned = random.permutation(n_items)[:n_pinned].astype(np.int32)
    added = (random.integers(-4, 5, (n_users, n_items)) * (random.random((n_users, n_items)) < (owned or 0))).astype(
        "f"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compose_module, "FIRST_SURPLUS", surplus)
        own = None if owned is None else sparse.csr_matrix(added)
        found = compose_lists(users, items, rules, Profile(allowed, pinned), exclude=sparse.csr_matrix(seen), own=own)
    scores = users.vectors @ items.vectors.T + items.biases + users.biases[:, None] + added
    for user in range(n_users):
        mine = set(np.flatnonzero(seen[user]).tolist())
        expected = reference_list(scores[user], rules, set(np.flatnonzero(allowed).tolist()), pinned.tolist(), mine)
        row = found.items[user]
        assert row[row >= 0].tolist() == expected
        assert found.scores[user, : len(expected)].tolist() == scores[user, expected].tolist()
        assert np.isneginf(found.scores[user, len(expected) :]).all()
        assert set(expected[: found.pinned[user]]) <= set(pinned.tolist())
    assert found.items.shape == (n_users, n)


def test_a_category_that_fills_the_top_leaves_room_for_the_others() -> None:
    users, items = random_case(0, 1, 100, 0, 0)
    items.biases[:90] = 1
    rules = make_rules(100, 6, cap=3)
    rules.categories[:] = [0] * 90 + [1] * 10
    assert compose_lists(users, items, rules, rules.common).items.tolist() == [[0, 1, 2, 90, 91, 92]]


def test_new_items_take_the_places_of_the_last_others_and_no_more_than_asked() -> None:
    users, items = random_case(0, 1, 20, 0, 0)
    items.biases[:] = -np.arange(20)
    rules = make_rules(20, 5, min_new=2)
    rules.is_new[:] = False
    rules.is_new[[1, 15, 16]] = True
    assert compose_lists(users, items, rules, rules.common).items.tolist() == [[0, 1, 2, 3, 15]]


def test_without_enough_new_items_the_list_is_filled_all_the_same() -> None:
    users, items = random_case(0, 1, 20, 0, 0)
    items.biases[:] = -np.arange(20)
    rules = make_rules(20, 5, min_new=4)
    rules.is_new[:] = False
    rules.is_new[7] = True
    assert compose_lists(users, items, rules, rules.common).items.tolist() == [[0, 1, 2, 3, 7]]


def test_pinned_items_stand_first_in_their_order_and_filters_hold_for_them() -> None:
    users, items = random_case(0, 2, 8, 0, 0)
    items.biases[:] = -np.arange(8)
    rules = make_rules(8, 4)
    allowed = np.ones(8, bool)
    allowed[6] = False
    seen = sparse.csr_matrix(([True], ([1], [7])), (2, 8))
    found = compose_lists(users, items, rules, Profile(allowed, np.array([7, 6, 5], np.int32)), exclude=seen)
    assert found.items.tolist() == [[7, 5, 0, 1], [5, 0, 1, 2]]
    assert found.pinned.tolist() == [2, 1]
