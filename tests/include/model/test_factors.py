from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from include.errors import MissingArtifactError
from include.features.matrix import FeatureMatrix
from include.model.factors import Factors, FeatureEmbeddings, HybridModel, demote_unknown
from include.ranking import top_n


def test_a_row_is_the_weighted_sum_of_its_known_features() -> None:
    side = FeatureEmbeddings(
        np.array(["b", "a"]), np.array([[1, 2], [10, 20]], np.float32), np.array([3, 30], np.float32)
    )
    features = FeatureMatrix(
        sparse.csr_matrix(np.array([[0.5, 0.5, 0], [0, 0, 1]], np.float32)), np.array(["a", "b", "unheard-of"])
    )
    factors = side.describe(features)
    np.testing.assert_array_equal(factors.vectors, [[5.5, 11], [0, 0]])
    np.testing.assert_array_equal(factors.biases, [16.5, 0])
    assert factors.known.tolist() == [True, False]


def test_the_prior_is_the_logarithm_of_popularity_times_its_weight() -> None:
    items = Factors(np.zeros((3, 1), np.float32), np.array([0, 1, 2], np.float32), np.ones(3, bool))
    raised = items.with_prior(np.array([0, np.e - 1, np.e**2 - 1], np.float32), 2.0)
    np.testing.assert_allclose(raised.biases, [0, 3, 6], rtol=1e-6)
    assert raised.biases.dtype == np.float32
    np.testing.assert_array_equal(items.with_prior(np.ones(3, np.float32), 0.0).biases, items.biases)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingArtifactError, match=r"factors\.npz does not exist"):
        HybridModel.load(tmp_path)


def test_items_that_the_model_does_not_know_come_after_all_others() -> None:
    users = Factors(np.array([[-4.0], [4.0]], np.float32), np.zeros(2, np.float32), np.ones(2, bool))
    known = np.array([True, False, True])
    items = Factors(np.array([[2.0], [0.0], [-3.0]], np.float32), np.array([-1.0, 0.0, -1.0], np.float32), known)
    assert top_n(users, items, 3).items.tolist() == [[2, 1, 0], [0, 1, 2]]
    assert top_n(users, demote_unknown(items, users), 3).items.tolist() == [[2, 0, 1], [0, 2, 1]]


@pytest.mark.parametrize("known", [True, False])
def test_where_all_or_none_are_known_nothing_changes(known: bool) -> None:
    items = Factors(np.ones((2, 1), np.float32), np.ones(2, np.float32), np.full(2, known))
    assert demote_unknown(items, items) is items


def test_what_the_model_does_not_know_stays_last_however_popular_it_is() -> None:
    users = Factors(np.array([[1.0]], np.float32), np.zeros(1, np.float32), np.ones(1, bool))
    items = Factors(np.array([[-1.0], [0.0]], np.float32), np.array([-1.0, 9.0], np.float32), np.array([True, False]))
    assert top_n(users, demote_unknown(items, users), 2).items.tolist() == [[0, 1]]
