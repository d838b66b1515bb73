"""What every model checks before it trains, and which rows it trains on."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from include.errors import InputError
from include.features.matrix import FeatureMatrix
from include.types import Indices


class NoInteractionsError(InputError):
    """There is nothing to learn from."""


def check_interactions(weights: sparse.csr_matrix, users: FeatureMatrix, items: FeatureMatrix, what: str) -> None:
    """Refuse interactions that no model can be trained on.

    Parameters
    ----------
    weights
        (n_users, n_items) CSR, positive where there is an interaction.
    users, items
        Features of the same rows.
    what
        The interactions' name in the error.

    Raises
    ------
    NoInteractionsError
        When there is none.
    InputError
        When a weight is not a positive number, or the shapes do not belong together.
    """
    expected = (users.matrix.shape[0], items.matrix.shape[0])
    if weights.shape != expected:
        raise InputError(
            f"interactions {what!r} are {weights.shape}, their features describe {expected} users and items",
            remedy="delete the training set and clear build_training_set",
        )
    if weights.nnz == 0:
        raise NoInteractionsError(
            f"interactions {what!r} of {expected[0]} users and {expected[1]} items are empty",
            remedy="see that events were ingested, and that features.event_weights and features.window_days "
            "and evaluation.holdout_days of the policy leave some of them",
        )
    wrong = ~(np.isfinite(weights.data) & (weights.data > 0))
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        row = int(np.searchsorted(weights.indptr, place, side="right")) - 1
        raise InputError(
            f"interactions {what!r}: user_index {row}, item_index {weights.indices[place]} "
            f"weighs {weights.data[place]}, not a positive number ({int(wrong.sum())} such)",
            remedy="delete the training set and clear build_training_set",
        )


def active_rows(weights: sparse.csr_matrix) -> tuple[Indices, Indices]:
    """Return the users and the items that have an interaction."""
    return np.flatnonzero(np.diff(weights.indptr)), np.flatnonzero(np.bincount(weights.indices, minlength=1))


def carried(features: FeatureMatrix, rows: Indices) -> Indices:
    """Return the features that at least one of `rows` carries."""
    return np.unique(features.matrix[rows].indices).astype(np.intp)
