"""What every model checks before it trains, and which rows it trains on."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from include.errors import InputError
from include.features import Period, TrainingSet
from include.features.matrix import FeatureMatrix
from include.types import Indices


class NoInteractionsError(InputError):
    """There is nothing to learn from."""


def check_interactions(training_set: TrainingSet, period: Period) -> None:
    """Refuse a history that no model can be trained on.

    Raises
    ------
    NoInteractionsError
        When there is none.
    InputError
        When a weight is negative or not a finite number, or the shapes do not belong together.
    """
    pairs, weights = training_set.interactions, training_set.interactions.weights[period]
    expected = (training_set.user_features.matrix.shape[0], training_set.item_features.matrix.shape[0])
    shape = (training_set.n_users, training_set.n_items)
    if shape != expected:
        raise InputError(
            f"interactions {period!r} are {shape}, their features describe {expected} users and items",
            remedy="delete the training set and clear build_training_set",
        )
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"interactions {period!r}: user_index {pairs.users[place]}, item_index {pairs.items[place]} "
            f"weighs {weights[place]}, not a positive number ({int(wrong.sum())} such)",
            remedy="delete the training set and clear build_training_set",
        )
    if not (weights > 0).any():
        raise NoInteractionsError(
            f"interactions {period!r} of {shape[0]} users and {shape[1]} items are empty",
            remedy="see that events were ingested, and that features.event_weights and features.window_days "
            "and evaluation.holdout_days of the policy leave some of them",
        )


def active_rows(weights: sparse.csr_matrix) -> tuple[Indices, Indices]:
    """Return the users and the items that have an interaction."""
    return np.flatnonzero(np.diff(weights.indptr)), np.flatnonzero(np.bincount(weights.indices, minlength=1))


def carried(features: FeatureMatrix, rows: Indices) -> Indices:
    """Return the features that at least one of `rows` carries."""
    return np.unique(features.matrix[rows].indices).astype(np.intp)
