from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from include.ranking.kernel import contributors
from include.ranking.kernel.explaining import MIN_SIMILARITY
from include.ranking.reasons import Placed, Reason, Reasons, explain, sources_of
from include.settings import PROJECT


@pytest.mark.parametrize("compiled", [True, False])
@settings(deadline=None)  # the first example compiles
@given(seed=st.integers(0, 2**32 - 1), n_users=st.integers(1, 12), n_items=st.integers(1, 30), n=st.integers(1, 8))
def test_the_named_item_is_in_the_history_and_similar_and_none_there_contributes_more(
    compiled: bool, seed: int, n_users: int, n_items: int, n: int
) -> None:
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(n_items, 3)).astype(np.float32)
    had = random.random((n_users, n_items)) < random.random((n_users, 1))
    weights = np.where(had, random.uniform(0.1, 2, had.shape), 0).astype(np.float32)
    lists = np.stack([random.permutation(max(n, n_items))[:n] for _ in range(n_users)])
    lists = np.where(lists < n_items, lists, -1).astype(np.int32)
    lists = np.take_along_axis(lists, np.argsort(lists < 0, axis=1, kind="stable"), axis=1)
    sources = contributors(lists, sparse.csr_matrix(weights), vectors, compiled=compiled)
    exact = vectors.astype(np.float64)
    units = exact / np.linalg.norm(exact, axis=1, keepdims=True)
    cosines = units @ units.T
    for user, place in np.ndindex(lists.shape):
        item, source = lists[user, place], sources[user, place]
        if item < 0:
            assert source == -1
            continue
        value = np.minimum(weights[user], 1) * (exact @ exact[item])
        others = np.flatnonzero(had[user] & (cosines[item] > MIN_SIMILARITY + 1e-4))
        others = others[others != item]
        if source < 0:
            assert len(others) == 0
            continue
        assert had[user, source] and source != item
        assert cosines[item, source] >= MIN_SIMILARITY - 1e-4
        assert value[source] >= value[others].max(initial=-np.inf) - 1e-4


def test_a_recent_purchase_counts_for_more_than_a_faded_one() -> None:
    vectors = np.array([[1, 0], [1, 0.05], [1, 0.1]], np.float32)
    history = sparse.csr_matrix(np.array([[0.0, 0.05, 0.9]], np.float32))
    assert contributors(np.array([[0]], np.int32), history, vectors).tolist() == [[2]]


def test_weights_count_for_no_more_than_they_do_in_training() -> None:
    vectors = np.array([[1, 0], [1, 0.1], [2, 0.1]], np.float32)
    history = sparse.csr_matrix(np.array([[0.0, 50.0, 1.0]], np.float32))
    assert contributors(np.array([[0]], np.int32), history, vectors).tolist() == [[2]]


def test_similarity_has_to_reach_the_threshold() -> None:
    for cosine, expected in ((MIN_SIMILARITY + 0.01, 0), (MIN_SIMILARITY - 0.01, -1)):
        vectors = np.array([[100, 0], [cosine, np.sqrt(1 - cosine**2)]], np.float32)
        history = sparse.csr_matrix(np.array([[1.0, 0.0]], np.float32))
        assert contributors(np.array([[1]], np.int32), history, vectors).tolist() == [[expected]]


def test_items_without_a_vector_resemble_nothing() -> None:
    history = sparse.csr_matrix(np.array([[1.0, 0.0]], np.float32))
    assert contributors(np.array([[1]], np.int32), history, np.zeros((2, 3), np.float32)).tolist() == [[-1]]


def given_reasons(lists: list[list[int]], had: list[list[float]], **changes: Any) -> Reasons:
    """Return the reasons of places 0 to 6; the items' vectors point in different directions but for 0 and 1."""
    vectors = np.eye(7, dtype=np.float32)
    vectors[1] = vectors[0]
    no = np.zeros(7, bool)
    values: dict[str, Any] = {
        "personal": True,
        "categories": np.array([0, 0, 1, 1, 2, -1, -1], np.int32),
        "is_new": no,
        "popular": no,
        "popular_here": no,
    }
    rows = np.array(lists, np.int32)
    pinned = changes.pop("pinned", np.zeros(len(rows), np.int32))
    history, values = sparse.csr_matrix(np.array(had, np.float32)), {**values, **changes}
    values["sources"] = sources_of(rows, history, values["personal"], vectors)
    return explain(Placed(rows, pinned, history, **values))


def test_lists_side_by_side_have_the_sources_of_each() -> None:
    random = np.random.default_rng(0)
    vectors = random.random((9, 3), np.float32)
    history = sparse.csr_matrix((random.random((5, 9)) < 0.4).astype(np.float32))
    first, second = (np.argsort(random.random((5, 9)), axis=1)[:, :n].astype(np.int32) for n in (4, 3))
    first[:, 3:], second[2] = -1, -1
    expected = [sources_of(lists, history, True, vectors) for lists in (first, second)]
    assert sources_of(np.hstack([first, second]), history, True, vectors).tolist() == np.hstack(expected).tolist()


def marked(*items: int) -> np.ndarray:
    return np.isin(np.arange(7), items)


def test_the_first_reason_that_holds_is_given() -> None:
    found = given_reasons(
        [[6, 1, 3, 2, 4, 5, -1]],
        [[1, 0, 0, 1, 0, 0, 1]],  # had 0, 3 and 6
        pinned=np.array([1], np.int32),
        is_new=marked(1, 2, 3, 4, 6),
        popular=marked(1, 2, 4, 5),
        popular_here=marked(1, 2, 4),
    )
    because, fresh = Reason.BECAUSE_OF_ITEM, Reason.NEW_IN_CATEGORY
    assert found.codes.tolist() == [
        [Reason.PINNED, because, fresh, fresh, Reason.POPULAR_IN_SEGMENT, Reason.POPULAR, 0]
    ]
    assert found.items.tolist() == [[-1, 0, -1, -1, -1, -1, -1]]


def test_bought_again_is_said_where_the_repurchase_term_added_something() -> None:
    own = sparse.csr_matrix(np.array([[2.0, 0, 0.5, 0, 0, 0, 0]], np.float32))
    had = [[1, 0, 1, 0, 0, 0, 0]]
    found = given_reasons([[2, 0, 1, 3, -1]], had, own=own, pinned=np.array([1], np.int32))
    assert found.codes.tolist() == [[Reason.PINNED, Reason.BOUGHT_AGAIN, Reason.BECAUSE_OF_ITEM, Reason.TASTE, 0]]
    assert found.items.tolist() == [[-1, -1, 0, -1, -1]]
    unknown = given_reasons([[2, 0]], had, own=own, personal=False)
    assert unknown.codes.tolist() == [[Reason.IN_THE_SHOP] * 2], "the term is not in a list of what is popular"


@pytest.mark.parametrize(("personal", "expected"), [(True, Reason.TASTE), (False, Reason.IN_THE_SHOP)])
def test_nothing_is_called_popular_that_is_not(personal: bool, expected: Reason) -> None:
    found = given_reasons([[1, 2]], [[1, 0, 0, 0, 0, 0, 0]], personal=personal, popular=marked(2), popular_here=None)
    assert found.codes.tolist() == [[Reason.BECAUSE_OF_ITEM if personal else expected, Reason.POPULAR]]
    assert given_reasons([[2]], [[0] * 7], personal=personal).codes.tolist() == [[expected]]


def test_a_new_item_of_unknown_category_is_not_new_in_one() -> None:
    found = given_reasons([[6]], [[0, 0, 0, 0, 0, 1, 0]], is_new=marked(6))
    assert found.codes.tolist() == [[Reason.TASTE]]


def test_no_items_at_all() -> None:
    nothing = np.zeros(0, bool)
    placed = Placed(
        np.full((2, 3), -1, np.int32),
        np.zeros(2, np.int32),
        sparse.csr_matrix((2, 0), dtype=np.float32),
        personal=True,
        sources=np.full((2, 3), -1, np.int32),
        categories=np.zeros(0, np.int32),
        is_new=nothing,
        popular=nothing,
        popular_here=None,
    )
    found = explain(placed)
    assert found.codes.tolist() == [[0] * 3] * 2


def test_the_database_calls_reasons_as_the_batch_does() -> None:
    statements = [path.read_text() for path in sorted((PROJECT / "include/sql/migrations").glob("*.sql"))]
    rows = re.findall(r"INSERT INTO reco\.reason \(code, name, text\) VALUES(.*?);", "".join(statements), re.DOTALL)
    stored = {name: int(code) for code, name in re.findall(r"\((\d+), '(\w+)', '", "".join(rows))}
    assert {reason.name.lower(): reason.value for reason in Reason} == stored
