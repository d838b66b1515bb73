from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import include.ranking.reasons as reasons
from include.ranking import Reason, explain
from include.ranking.reasons import MIN_SIMILARITY, most_similar, new_items, unit_vectors

RUN_DATE = dt.date(2026, 1, 31)


@given(
    seed=st.integers(0, 2**32 - 1),
    n_users=st.integers(1, 12),
    n_items=st.integers(1, 30),
    n=st.integers(1, 8),
    cells=st.sampled_from([1, 200, 1 << 21]),
)
def test_the_named_item_is_in_the_history_and_none_there_is_more_similar(
    seed: int, n_users: int, n_items: int, n: int, cells: int
) -> None:
    random = np.random.default_rng(seed)
    units = unit_vectors(random.normal(size=(n_items, 3)).astype(np.float32))
    history = sparse.csr_matrix(random.random((n_users, n_items)) < random.random((n_users, 1)))
    lists = random.integers(-1, n_items, (n_users, n)).astype(np.int32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reasons, "CELLS_AT_ONCE", cells)
        similarity, sources = most_similar(lists, history, units)
    cosines = units.astype(np.float64) @ units.astype(np.float64).T
    for user, place in np.ndindex(lists.shape):
        item, source = lists[user, place], sources[user, place]
        others = [other for other in history[user].indices if other != item]
        if item < 0 or not others:
            assert (source, similarity[user, place]) == (-1, -np.inf)
            continue
        assert source in others
        assert similarity[user, place] == pytest.approx(cosines[item, source], abs=1e-5)
        assert cosines[item, source] >= max(cosines[item, other] for other in others) - 1e-5


def test_the_first_reason_that_holds_is_given() -> None:
    units = unit_vectors(np.array([[1, 0], [2, 0.1], [0, 1], [0, 1], [-1, 0]], np.float32))
    categories = np.array([0, 1, 1, 2, -1], np.int32)
    history = sparse.csr_matrix(np.array([[1, 0, 0, 0, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]]))
    is_new = np.array([False, False, True, True, True])
    lists = np.array([[1, 2, 3, 4], [1, 2, -1, -1], [1, 2, 3, 4]], np.int32)
    history_with_category = history.tolil()
    history_with_category[0, 1] = 1  # user 0 had category 1, too
    found = explain(lists, history_with_category.tocsr(), units=units, categories=categories, is_new=is_new)
    because, popular, fresh = Reason.BECAUSE_OF_ITEM, Reason.POPULAR_IN_SEGMENT, Reason.NEW_IN_CATEGORY
    assert found.codes.tolist() == [[because, fresh, popular, popular], [popular, popular, 0, 0], [popular] * 4]
    assert found.items.tolist() == [[0, -1, -1, -1], [-1] * 4, [-1] * 4]


def test_similarity_has_to_reach_the_threshold() -> None:
    for cosine, expected in ((MIN_SIMILARITY + 0.01, 0), (MIN_SIMILARITY - 0.01, -1)):
        units = np.array([[1, 0], [cosine, np.sqrt(1 - cosine**2)]], np.float32)
        found = explain(
            np.array([[1]], np.int32),
            sparse.csr_matrix(np.array([[1, 0]])),
            units=units,
            categories=np.array([-1, -1], np.int32),
            is_new=np.array([False, False]),
        )
        assert found.items.tolist() == [[expected]]


def test_items_without_a_vector_resemble_nothing() -> None:
    units = unit_vectors(np.zeros((2, 3), np.float32))
    similarity, _ = most_similar(np.array([[1]], np.int32), sparse.csr_matrix(np.array([[1, 0]])), units)
    assert similarity.tolist() == [[0]]


def test_new_is_what_came_lately_but_not_with_the_first_delivery() -> None:
    days = np.array(["2026-01-31", "2026-01-02", "2026-01-01", "2025-12-01"], dtype="datetime64[D]")
    assert new_items(days, RUN_DATE, 30).tolist() == [True, True, False, False]
    assert new_items(days[:2], RUN_DATE, 30).tolist() == [True, False]
    assert new_items(days[:0], RUN_DATE).tolist() == []


def test_no_users_and_no_items() -> None:
    found = explain(
        np.full((2, 3), -1, np.int32),
        sparse.csr_matrix((2, 0)),
        units=np.zeros((0, 4), np.float32),
        categories=np.zeros(0, np.int32),
        is_new=np.zeros(0, bool),
    )
    assert found.codes.tolist() == [[0] * 3] * 2
