import math

import numpy as np
import pytest
from scipy import sparse

from include.evaluation import beyond
from include.evaluation.beyond import NAMES, item_facts, measure_lists, popularity_bias
from include.types import NOTHING

# Items 0 and 1 are had by the same two users, item 2 by another, item 3 by nobody; user 3 has no history.
HISTORY = sparse.csr_matrix(np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]], np.float32))


def test_shares_are_of_users_with_a_history_and_never_nothing() -> None:
    assert item_facts(HISTORY).shares.tolist() == pytest.approx([2 / 3, 2 / 3, 1 / 3, 1 / 3])


def test_each_metric_on_a_table_computed_by_hand() -> None:
    lists = np.array([[0, 1], [0, 2], [3, NOTHING], [NOTHING, NOTHING]], np.int32)
    found = measure_lists(lists, item_facts(HISTORY))
    assert tuple(found) == NAMES
    often, seldom = -math.log2(2 / 3), -math.log2(1 / 3)
    assert found["novelty"].tolist() == pytest.approx([often, (often + seldom) / 2, seldom, 0])
    assert found["diversity"].tolist() == pytest.approx([0, 1, 1, 1])
    assert found["popularity"].tolist() == pytest.approx([2 / 3, 1 / 2, 1 / 3, 0])


@pytest.mark.parametrize("at_once", [1, 30, beyond.COSINES])
def test_diversity_is_one_less_the_mean_cosine_of_all_pairs(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beyond, "COSINES", at_once)
    random = np.random.default_rng(2)
    history = sparse.random(30, 12, density=0.4, format="csr", random_state=3)
    lists = np.array([random.permutation(12)[:5] for _ in range(6)], np.int32)
    columns = (history.toarray() > 0).astype(float)
    columns /= np.linalg.norm(columns, axis=0)
    for row, value in zip(lists, measure_lists(lists, item_facts(history))["diversity"], strict=True):
        cosines = columns[:, row].T @ columns[:, row]
        assert value == pytest.approx(1 - cosines[np.triu_indices(5, 1)].mean())


def test_the_bias_compares_lists_with_what_users_take() -> None:
    assert popularity_bias(np.array([0.2, 0.4]), np.array([0.1, 0.1, 0.1])) == pytest.approx(3)
    assert popularity_bias(np.array([]), np.array([0.1])) == 0.0


def test_without_items_there_is_nothing_to_say() -> None:
    nothing = item_facts(sparse.csr_matrix((2, 0), dtype=np.float32))
    assert measure_lists(np.full((2, 3), NOTHING, np.int32), nothing)["novelty"].tolist() == [0, 0]
