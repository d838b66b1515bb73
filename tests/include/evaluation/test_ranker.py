import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from include.evaluation import ranker
from include.evaluation.metrics import NOTHING
from include.evaluation.ranker import best_places, top_items
from include.model.factors import Factors

# Few different values, so that ties are common.
scores = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 5), st.integers(1, 9)),
    elements=st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 2.0]).map(np.float32),
)


def as_factors(vectors: np.ndarray, biases: np.ndarray | None = None) -> Factors:
    vectors = np.asarray(vectors, np.float32)
    chosen = np.zeros(len(vectors), np.float32) if biases is None else np.asarray(biases, np.float32)
    return Factors(vectors, chosen, np.ones(len(vectors), dtype=bool))


def nothing_seen(n_users: int, n_items: int) -> sparse.csr_matrix:
    return sparse.csr_matrix((n_users, n_items), dtype=bool)


@given(scores, st.integers(1, 12))
def test_best_places_are_those_of_a_stable_sort(values: np.ndarray, k: int) -> None:
    expected = np.argsort(-values, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(best_places(values, k), expected)


def test_the_best_unseen_items_come_first() -> None:
    users = as_factors([[1, 0], [0, 1]])
    items = as_factors([[3, 0], [2, 1], [1, 2], [0, 3]], [0, 0, 0, 0.5])
    seen = sparse.csr_matrix(np.array([[1, 0, 0, 0], [0, 0, 0, 1]], dtype=bool))
    assert top_items(users, items, seen, 2).tolist() == [[1, 2], [2, 1]]


def test_a_list_ends_with_the_catalogue() -> None:
    users, items = as_factors([[1.0]]), as_factors([[1], [2]])
    seen = sparse.csr_matrix(np.array([[0, 1]], dtype=bool))
    assert top_items(users, items, seen, 4).tolist() == [[0, NOTHING, NOTHING, NOTHING]]
    assert top_items(users, items, seen, 4).dtype == np.int32


def test_nobody_and_nothing() -> None:
    assert top_items(as_factors(np.empty((0, 2))), as_factors([[1, 1]]), nothing_seen(0, 1), 3).shape == (0, 3)
    empty = top_items(as_factors([[1, 1]]), as_factors(np.empty((0, 2))), nothing_seen(1, 0), 3)
    assert empty.tolist() == [[NOTHING] * 3]


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    users = as_factors(random.normal(size=(23, 4)))
    items = as_factors(random.normal(size=(17, 4)), random.normal(size=17))
    seen = sparse.random(23, 17, density=0.3, format="csr", random_state=1, dtype=np.float32)
    whole = top_items(users, items, seen, 5)
    monkeypatch.setattr(ranker, "SCORES_AT_ONCE", 40)
    np.testing.assert_array_equal(top_items(users, items, seen, 5), whole)
