"""Against the ranking of all items, of which a user's groups are picked; whole numbers, so that ties are many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from include.ranking.kernel.group_ranking import best_of_groups
from include.ranking.kernel.groups import group_items
from include.ranking.kernel.lists import TopN
from include.ranking.kernel.topn import top_n
from tests.include.ranking.kernel.test_topn import random_case


def picked(ranked: TopN, numbers: np.ndarray, wanted: np.ndarray, limits: np.ndarray, n: int) -> TopN:
    best = TopN.empty(len(ranked.items), n)
    for user, (items, scores) in enumerate(zip(*ranked, strict=True)):
        taken = np.zeros(len(limits), int)
        count = 0
        for item, score in zip(items, scores, strict=True):
            group = numbers[item]
            if item >= 0 and group in wanted[user] and taken[group] < limits[group] and count < n:
                best.items[user, count], best.scores[user, count] = item, score
                taken[group] += 1
                count += 1
    return best


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 2),
    n_items=st.integers(1, 60),
    n_groups=st.integers(1, 6),
    spread=st.sampled_from([0, 1, 50]),
    n=st.integers(1, 40),
    limit=st.integers(1, 20),
    compiled=st.booleans(),
    masked=st.booleans(),
)
def test_it_equals_the_ranking_of_all_items(
    seed: int, n_items: int, n_groups: int, spread: int, n: int, limit: int, compiled: bool, masked: bool
) -> None:
    random = np.random.default_rng(seed)
    users, items = random_case(seed, 7, n_items, 3, spread)
    categories = random.integers(-1, n_groups, n_items).astype(np.int32)
    allowed = random.random(n_items) < 0.8
    groups = group_items(categories, allowed)
    wanted = np.argsort(random.random((7, groups.count)), axis=1)[:, :3].astype(np.int32)
    wanted[random.random(wanted.shape) < 0.3] = -1
    limits = random.integers(1, limit + 1, groups.count).astype(np.int32)
    exclude, own = (sparse.random_array((7, n_items), density=0.3, rng=random, format="csr") for _ in range(2))
    own = sparse.csr_matrix(np.round(own * 10).astype(np.float32))
    given = {"exclude": sparse.csr_matrix(exclude > 0), "own": own} if masked else {}
    ranked = top_n(users, items, n_items, allowed=allowed, compiled=compiled, **given)
    numbers = np.where(categories < 0, groups.count - 1, categories)
    expected = picked(ranked, numbers, wanted, limits, n)
    found = best_of_groups(users, items, groups, wanted, limits, n, compiled=compiled, **given)
    np.testing.assert_array_equal(found.items, expected.items)
    np.testing.assert_array_equal(found.scores, expected.scores)


@pytest.mark.parametrize("compiled", [True, False])
def test_one_row_of_groups_stands_for_all_users(compiled: bool) -> None:
    users, items = random_case(0, 7, 40, 3, 1)
    groups = group_items((np.arange(40) % 5).astype(np.int32), np.ones(40, bool))
    every, limits = np.arange(5, dtype=np.int32)[None], np.full(groups.count, 3, np.int32)
    shared, own = (
        best_of_groups(users, items, groups, wanted, limits, 9, compiled=compiled)
        for wanted in (every, np.tile(every, (7, 1)))
    )
    assert shared.items.tolist() == own.items.tolist()


@pytest.mark.parametrize("compiled", [True, False])
def test_no_item_and_no_group_give_empty_lists(compiled: bool) -> None:
    users, items = random_case(0, 3, 5, 2, 1)
    groups = group_items(np.full(5, -1, np.int32), np.zeros(5, bool))
    limits = np.ones(groups.count, np.int32)
    for wanted in (np.zeros((3, 1), np.int32), np.empty((3, 0), np.int32)):
        assert (best_of_groups(users, items, groups, wanted, limits, 2, compiled=compiled).items == -1).all()
