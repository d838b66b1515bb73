from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import include.ranking.caps as caps
from include.ranking import capped_top_n
from tests.include.ranking.test_topn import brute_force, random_case


def greedy(order: list[int], groups: np.ndarray, cap: int, n: int) -> list[int]:
    """Walk down a full ranking and take what the cap lets pass."""
    taken: list[int] = []
    for item in order:
        group = groups[item]
        if item >= 0 and (group < 0 or sum(groups[other] == group for other in taken) < cap):
            taken.append(item)
    return taken[:n]


@given(
    seed=st.integers(0, 2**32 - 1),
    n_users=st.integers(1, 6),
    n_items=st.integers(1, 40),
    n_groups=st.integers(1, 6),
    n=st.integers(1, 12),
    cap=st.integers(1, 5),
    density=st.sampled_from([0.0, 0.4, 1.0]),
    surplus=st.sampled_from([1, 3]),
)
def test_lists_equal_a_walk_down_the_full_ranking(
    seed: int, n_users: int, n_items: int, n_groups: int, n: int, cap: int, density: float, surplus: int
) -> None:
    users, items = random_case(seed, n_users, n_items, 3, 2)
    random = np.random.default_rng(seed)
    groups = random.integers(-1, n_groups, n_items).astype(np.int32)
    seen = random.random((n_users, n_items)) < density
    allowed = random.random(n_items) < 0.8
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(caps, "SURPLUS", surplus)
        found = capped_top_n(users, items, n, groups=groups, cap=cap, exclude=sparse.csr_matrix(seen), allowed=allowed)
    ranking = brute_force(users, items, n_items, seen | ~allowed).items
    expected = [greedy(row.tolist(), groups, cap, n) for row in ranking]
    assert [row[row >= 0].tolist() for row in found.items] == expected
    assert found.items.shape == (n_users, n)
    assert np.isneginf(found.scores[found.items < 0]).all()


def test_a_category_that_fills_the_top_leaves_room_for_the_others() -> None:
    users, items = random_case(0, 1, 100, 0, 0)
    items.biases[:90] = 1
    groups = np.array([0] * 90 + [1] * 10, dtype=np.int32)
    found = capped_top_n(users, items, 6, groups=groups, cap=3)
    assert found.items.tolist() == [[0, 1, 2, 90, 91, 92]]


def test_an_empty_catalogue_gives_empty_lists() -> None:
    users, items = random_case(0, 2, 0, 1, 1)
    found = capped_top_n(users, items, 3, groups=np.zeros(0, dtype=np.int32), cap=1)
    assert found.items.tolist() == [[-1] * 3] * 2
