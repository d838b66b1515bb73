"""Sparse matrices of features: who carries which, how strongly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from include.types import Floats, Integers, Strings


@dataclass(frozen=True)
class FeatureMatrix:
    """Which row carries which feature, how strongly.

    Attributes
    ----------
    matrix
        (n_rows, n_features) float32 CSR.
    names
        (n_features,) unique feature names, such as ``user_id:17850`` or ``category:BAG``.
    """

    matrix: sparse.csr_matrix
    names: Strings

    def values(self, name: str) -> tuple[Strings, sparse.csr_matrix]:
        """Return the values that features called ``name:<value>`` have, and who carries them: (n_rows, n_values)."""
        columns = np.flatnonzero(np.char.startswith(self.names, f"{name}:"))
        values = [text.removeprefix(f"{name}:") for text in self.names[columns].tolist()]
        return np.array(values, dtype=np.str_), self.matrix[:, columns].astype(bool)


def feature_matrix(
    identity: str,
    ids: Strings,
    *,
    rows: Integers,
    features: Strings,
    weights: Floats,
) -> FeatureMatrix:
    """Return each row's identity and side features, the weights of a row summing to 1.

    An unnormalised row would move faster in training the more features it carries.

    Parameters
    ----------
    identity
        Prefix of the identity features: ``user_id`` gives ``user_id:<id>``.
    ids
        (n_rows,) unique identifiers.
    rows, features, weights
        Equally long: the side features, each with its row; the identity weighs 1 beside them.
    """
    side_names, side_columns = np.unique(features, return_inverse=True)
    side = sparse.csr_matrix((weights, (rows, side_columns)), shape=(len(ids), len(side_names)), dtype=np.float32)
    own = sparse.identity(len(ids), dtype=np.float32, format="csr")
    matrix = sparse.hstack([own, side], format="csr", dtype=np.float32)
    names = np.concatenate([np.char.add(f"{identity}:", ids), side_names]) if len(ids) else side_names
    return FeatureMatrix(matrix=normalise_rows(matrix), names=names.astype(np.str_))


def normalise_rows(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return `matrix` (float32 CSR) with each row's non-negative weights summing to 1; empty rows stay."""
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    scale = np.divide(1.0, sums, out=np.zeros_like(sums), where=sums > 0)
    scaled = matrix.copy()
    scaled.data = (matrix.data * np.repeat(scale, np.diff(matrix.indptr))).astype(np.float32)
    return scaled
