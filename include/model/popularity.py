"""Popularity as a model: no taste at all, so that only the items' popularity prior ranks.

What every other model must beat, and what serves until one did.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from include.features.matrix import FeatureMatrix
from include.model.factors import FeatureEmbeddings, HybridModel
from include.model.interactions import active_rows, carried, check_interactions
from include.types import Strings

PRIOR_WEIGHT = 1.0


def fit(weights: sparse.csr_matrix, users: FeatureMatrix, items: FeatureMatrix) -> HybridModel:
    """Return a model that knows the features of all who interacted, and scores everything 0.

    Add the prior with ``model.item.describe(items).with_prior(popularity, PRIOR_WEIGHT)``.

    Raises
    ------
    NoInteractionsError, InputError
        See `check_interactions`.
    """
    check_interactions(weights, users, items, "before")
    user_rows, item_rows = active_rows(weights)
    return HybridModel(_zeros(users.names[carried(users, user_rows)]), _zeros(items.names[carried(items, item_rows)]))


def empty() -> HybridModel:
    """Return the model that knows nothing: it serves when there is neither champion nor challenger."""
    return HybridModel(_zeros(np.empty(0, dtype="U1")), _zeros(np.empty(0, dtype="U1")))


def _zeros(names: Strings) -> FeatureEmbeddings:
    return FeatureEmbeddings(names, np.zeros((len(names), 1), np.float32), np.zeros(len(names), np.float32))
