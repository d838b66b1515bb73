import numpy as np
import pytest
from scipy import sparse

from include.errors import ValidationError
from include.evaluation.comparison import Holdout, evaluate, hold_out, largest_segments
from include.model.factors import Factors

# Users: 0 and 1 have a history and targets, 2 targets only, 3 a history only.
TARGETS = sparse.csr_matrix(np.array([[0, 1, 0], [0, 0, 1], [0, 1, 0], [0, 0, 0]], dtype=bool))
SEEN = sparse.csr_matrix(np.array([[1, 0, 0], [1, 0, 0], [0, 0, 0], [0, 1, 0]], dtype=bool))
SEGMENTS = np.array(["uk", "france", "uk", "uk"])


def holdout() -> Holdout:
    return hold_out(TARGETS, SEEN, SEEN, SEGMENTS)


def item_factors(*biases: float) -> Factors:
    return Factors(np.zeros((3, 1), np.float32), np.array(biases, np.float32), np.ones(3, dtype=bool))


def user_factors() -> Factors:
    return Factors(np.zeros((3, 1), np.float32), np.zeros(3, np.float32), np.ones(3, dtype=bool))


def test_only_users_with_a_target_are_looked_at() -> None:
    held = holdout()
    assert held.users.tolist() == [0, 1, 2]
    assert held.known.tolist() == [True, True, False]
    assert held.segments.tolist() == ["uk", "france", "uk"]
    assert held.relevant.shape == held.seen.shape == (3, 3)


def test_the_headline_is_of_users_with_a_history_and_seen_items_are_left_out() -> None:
    # Everybody's best item is 0, which both known users have: they get item 1, the new user gets item 0.
    found = evaluate(user_factors(), item_factors(3, 2, 1), holdout(), 1)
    assert found["metrics"]["users"] == 2
    assert found["metrics"]["recall"] == 0.5
    assert found["metrics"]["coverage"] == pytest.approx(1 / 3)
    assert found["new_users"] == {"users": 1} | dict.fromkeys(
        ("recall", "recall_all", "precision", "ndcg", "hit_rate", "mrr"), 0.0
    )
    assert found["segments"]["uk"]["recall"] == 1.0
    assert found["segments"]["france"]["recall"] == 0.0


def test_a_holdout_without_anybody_has_no_metrics() -> None:
    nobody = hold_out(sparse.csr_matrix((4, 3), dtype=bool), SEEN, SEEN, SEGMENTS)
    none = Factors(np.zeros((0, 1), np.float32), np.zeros(0, np.float32), np.ones(0, dtype=bool))
    found = evaluate(none, item_factors(1, 2, 3), nobody, 2)
    assert found == {"metrics": {"users": 0, "coverage": 0.0}, "new_users": {"users": 0}, "segments": {}}


def test_a_factor_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValidationError, match="1 items are not finite numbers"):
        evaluate(user_factors(), item_factors(1, float("nan"), 1), holdout(), 1)


def test_segments_are_the_largest_first_and_five_at_most() -> None:
    names = np.array(["a"] * 1 + ["b"] * 3 + ["c"] * 2 + ["d", "e", "f"])
    eye = sparse.identity(len(names), dtype=bool, format="csr")
    held = hold_out(eye, eye, eye, names)
    assert largest_segments(held) == ["b", "c", "a", "d", "e"]
