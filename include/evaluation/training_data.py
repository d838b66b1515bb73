"""Whether two models were trained on data of the same kind: a fit on half a feed can pass for a good one."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from include.features import TrainingSet
from include.features.matrix import FeatureMatrix
from include.types import Bools, Strings

IDENTITY = "item_id"


def compare_data(mine: TrainingSet, theirs: TrainingSet) -> dict[str, float | None]:
    """Return how the challenger's training set compares with the champion's.

    Returns
    -------
    ``interactions``: its pairs of users and items, over the champion's. ``features``: of the side features that the
    common items carry in either, the share that they carry in both; kinds of features that only one has do not count,
    and None says that there is none to compare.
    """
    _, ours, others = np.intersect1d(mine.item_ids, theirs.item_ids, assume_unique=True, return_indices=True)
    names = np.union1d(mine.item_features.names, theirs.item_features.names)
    shared = np.intersect1d(_kinds(mine.item_features.names), _kinds(theirs.item_features.names))
    compared = np.isin(_kinds(names), shared[shared != IDENTITY])
    one, two = (
        _carried(features, rows, names, compared)
        for features, rows in ((mine.item_features, ours), (theirs.item_features, others))
    )
    both, either = one.multiply(two).nnz, (one + two).nnz
    return {
        "interactions": mine.matrix("all").nnz / max(1, theirs.matrix("all").nnz),
        "features": both / either if either else None,
    }


def _kinds(names: Strings) -> Strings:
    return np.array([name.partition(":")[0] for name in names.tolist()], dtype=np.str_)


def _carried(features: FeatureMatrix, rows: np.ndarray, names: Strings, compared: Bools) -> sparse.csr_matrix:
    """Return which of the compared `names` each of `rows` carries: (n_rows, n_compared) bool."""
    matrix = features.matrix[rows].tocoo()
    places = np.searchsorted(names, features.names)
    carried = sparse.csr_matrix(
        (np.ones(matrix.nnz, bool), (matrix.row, places[matrix.col])), shape=(len(rows), len(names))
    )
    return carried[:, np.flatnonzero(compared)]
