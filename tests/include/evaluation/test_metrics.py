import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from include.evaluation.metrics import NAMES, average, coverage, find_hits, measure_users
from include.types import NOTHING

# Three users, five items, lists of three.
RELEVANT = sparse.csr_matrix(
    np.array([[1, 0, 0, 0, 1], [0, 1, 0, 0, 0], [1, 1, 1, 1, 0]], dtype=bool),
)
LISTS = np.array([[3, 0, 4], [0, 2, NOTHING], [2, 4, 0]], dtype=np.int32)


def test_hits_are_where_the_relevant_items_are() -> None:
    assert find_hits(LISTS, RELEVANT).tolist() == [[False, True, True], [False, False, False], [True, False, True]]


def test_each_metric_on_a_table_computed_by_hand() -> None:
    measured = {name: values.tolist() for name, values in measure_users(LISTS, RELEVANT).items()}
    second, third = 1 / math.log2(3), 1 / math.log2(4)
    assert tuple(measured) == NAMES
    assert measured["recall"] == [1.0, 0.0, pytest.approx(2 / 3)]
    assert measured["recall_all"] == [1.0, 0.0, 0.5]
    assert measured["precision"] == [pytest.approx(2 / 3), 0.0, pytest.approx(2 / 3)]
    assert measured["ndcg"] == [
        pytest.approx((second + third) / (1 + second)),
        0.0,
        pytest.approx((1 + third) / (1 + second + third)),
    ]
    assert measured["hit_rate"] == [1.0, 0.0, 1.0]
    assert measured["mrr"] == [0.5, 0.0, 1.0]


def test_an_ended_list_never_hits_the_last_item() -> None:
    lists = np.full((3, 3), NOTHING, dtype=np.int32)
    everything = sparse.csr_matrix(np.ones((3, 5), dtype=bool))
    assert not find_hits(lists, everything).any()


def test_coverage_counts_each_item_once() -> None:
    assert coverage(LISTS, 5) == pytest.approx(4 / 5)
    assert coverage(np.full((2, 3), NOTHING, dtype=np.int32), 5) == 0.0
    assert coverage(np.empty((0, 3), dtype=np.int32), 0) == 0.0


def test_the_average_of_some_users_and_of_none() -> None:
    measured = measure_users(LISTS, RELEVANT)
    assert average(measured)["hit_rate"] == pytest.approx(2 / 3)
    assert average(measured, np.array([False, True, False]))["hit_rate"] == 0.0
    assert average(measured, np.zeros(3, dtype=bool)) == {}


def test_users_with_nothing_relevant_are_refused() -> None:
    with pytest.raises(ValueError, match="row 1 has nothing relevant"):
        measure_users(LISTS[:2], sparse.csr_matrix(np.array([[1, 0], [0, 0]], dtype=bool)))
    with pytest.raises(ValueError, match="2 lists for 3 users"):
        measure_users(LISTS[:2], RELEVANT)


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Return lists of different items that may end early, and who finds what relevant."""
    n_users, n_items, k = draw(st.integers(1, 6)), draw(st.integers(1, 8)), draw(st.integers(1, 6))
    relevant = draw(hnp.arrays(bool, (n_users, n_items)))
    relevant[:, draw(st.integers(0, n_items - 1))] = True
    lists = np.full((n_users, k), NOTHING, dtype=np.int32)
    for row in range(n_users):
        chosen = draw(st.permutations(range(n_items)))[: draw(st.integers(0, k))][:k]
        lists[row, : len(chosen)] = chosen
    return lists, relevant


@given(cases())
def test_metrics_agree_with_their_definitions(case: tuple[np.ndarray, np.ndarray]) -> None:
    lists, relevant = case
    measured = measure_users(lists, sparse.csr_matrix(relevant))
    k = lists.shape[1]
    for user, row in enumerate(lists):
        wanted = set(np.flatnonzero(relevant[user]))
        places = [place for place, item in enumerate(row, start=1) if item in wanted]
        best = sum(1 / math.log2(1 + place) for place in range(1, min(k, len(wanted)) + 1))
        assert measured["recall"][user] == pytest.approx(len(places) / min(k, len(wanted)))
        assert measured["recall_all"][user] == pytest.approx(len(places) / len(wanted))
        assert measured["precision"][user] == pytest.approx(len(places) / k)
        assert measured["ndcg"][user] == pytest.approx(sum(1 / math.log2(1 + place) for place in places) / best)
        assert measured["hit_rate"][user] == float(bool(places))
        assert measured["mrr"][user] == pytest.approx(1 / places[0] if places else 0.0)


@given(cases())
def test_metrics_stay_between_0_and_1_and_the_perfect_list_has_1(case: tuple[np.ndarray, np.ndarray]) -> None:
    lists, relevant = case
    for values in measure_users(lists, sparse.csr_matrix(relevant)).values():
        assert ((values >= 0) & (values <= 1 + 1e-12)).all()
    k = lists.shape[1]
    perfect = np.full_like(lists, NOTHING)
    for user, row in enumerate(relevant):
        best = np.argsort(~row, kind="stable")[:k]
        perfect[user, : len(best)] = best
    measured = measure_users(perfect, sparse.csr_matrix(relevant))
    for name in ("recall", "ndcg", "hit_rate", "mrr"):
        np.testing.assert_allclose(measured[name], 1.0)
