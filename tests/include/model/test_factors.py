import numpy as np
from scipy import sparse

from include.features.matrix import FeatureMatrix
from include.model.factors import FeatureEmbeddings


def test_a_row_is_the_weighted_sum_of_its_known_features_and_of_what_all_rows_share() -> None:
    side = FeatureEmbeddings(
        np.array(["b", "a"]),
        np.array([[1, 2], [10, 20]], np.float32),
        np.array([3, 30], np.float32),
        np.array([100, 200], np.float32),
    )
    features = FeatureMatrix(
        sparse.csr_matrix(np.array([[0.5, 0.5, 0], [0, 0, 1]], np.float32)), np.array(["a", "b", "unheard-of"])
    )
    factors = side.describe(features)
    np.testing.assert_array_equal(factors.vectors, [[105.5, 211], [100, 200]])
    np.testing.assert_array_equal(factors.biases, [16.5, 0])
    assert factors.known.tolist() == [True, False]
