"""Popularity as a model: no taste at all, so that only the items' popularity prior ranks.

What every other model must beat, and what serves until one has.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from include.features.matrix import FeatureMatrix
from include.model.factors import FeatureEmbeddings, HybridModel
from include.model.interactions import active_rows, carried, check_interactions
from include.model.trainer import Progress, TrainedModels
from include.policy import PopularityPolicy
from include.types import Strings

RECIPE = "popularity-1"
PRIOR_WEIGHT = 1.0


def fit(
    before: sparse.csr_matrix,
    everything: sparse.csr_matrix,
    users: FeatureMatrix,
    items: FeatureMatrix,
    policy: PopularityPolicy,
    progress: Progress = lambda stage, epoch, epochs: None,
) -> TrainedModels:
    """Return models that know the features of all who interacted, and score everything 0. See `Trainer.fit`.

    The prior is added later, as to every model: ``model.item.describe(items).with_prior(popularity, weight)``.
    """
    check_interactions(before, users, items, "before")
    check_interactions(everything, users, items, "all")
    return TrainedModels(_knowing(before, users, items), _knowing(everything, users, items))


def empty() -> HybridModel:
    """Return the model that knows nothing: it serves when there is neither champion nor challenger."""
    return HybridModel(_zeros(np.empty(0, dtype="U1")), _zeros(np.empty(0, dtype="U1")))


def _knowing(weights: sparse.csr_matrix, users: FeatureMatrix, items: FeatureMatrix) -> HybridModel:
    user_rows, item_rows = active_rows(weights)
    return HybridModel(_zeros(users.names[carried(users, user_rows)]), _zeros(items.names[carried(items, item_rows)]))


def _zeros(names: Strings) -> FeatureEmbeddings:
    return FeatureEmbeddings(names, np.zeros((len(names), 1), np.float32), np.zeros(len(names), np.float32))
