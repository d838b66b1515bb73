from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from include.errors import MissingArtifactError
from include.features.matrix import FeatureMatrix
from include.model.factors import Factors, FeatureEmbeddings, HybridModel


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
