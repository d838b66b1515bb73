"""The LightFM hybrid (Kula 2015, arXiv:1507.08439), trained with WARP (Weston et al. 2011).

One training makes two models: `evaluation` learns from the interactions before the holdout,
`serving` continues from there for a few epochs on all of them (ADR 2).

Only users and items with an interaction take part. WARP draws its negatives from all items that it is shown, so an
item without any would learn that nobody wants it. Left out, it is described by its features alone, as is a new user.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from include.errors import NightshelfError
from include.features.matrix import FeatureMatrix
from include.model.factors import FeatureEmbeddings, HybridModel
from include.model.interactions import active_rows, carried, check_interactions
from include.model.trainer import Progress, TrainedModels
from include.policy import LightfmHybridPolicy

if TYPE_CHECKING:
    from lightfm import LightFM

RECIPE = "lightfm-hybrid-1"

# LightFM multiplies each gradient step by the interaction's weight; a user who bought one thing
# fifty times would make a step fifty times too long.
MAX_WEIGHT = 1.0


class DivergedError(NightshelfError):
    """Training left the finite numbers; the same input diverges again."""

    exit_code = 3


def fit(
    before: sparse.csr_matrix,
    everything: sparse.csr_matrix,
    users: FeatureMatrix,
    items: FeatureMatrix,
    policy: LightfmHybridPolicy,
    progress: Progress = lambda stage, epoch, epochs: None,
) -> TrainedModels:
    """Train on `before`, then continue on `everything`. See `Trainer.fit`.

    Equal arguments give equal models as long as ``policy.threads`` is 1.

    Raises
    ------
    NoInteractionsError, InputError
        See `check_interactions`.
    DivergedError
        When a parameter is no longer a finite number.
    """
    check_interactions(before, users, items, "before")
    check_interactions(everything, users, items, "all")
    network = _network(policy)
    _train(network, "evaluation", before, users, items, policy, policy.epochs, progress)
    evaluation = _extract(network, before, users, items)
    _train(network, "serving", everything, users, items, policy, policy.refit_epochs, progress)
    return TrainedModels(evaluation, _extract(network, everything, users, items))


def _network(policy: LightfmHybridPolicy) -> LightFM:
    from lightfm import LightFM

    return LightFM(
        no_components=policy.dimensions,
        loss="warp",
        learning_schedule="adagrad",
        learning_rate=policy.learning_rate,
        item_alpha=policy.item_alpha,
        user_alpha=policy.user_alpha,
        max_sampled=policy.max_sampled,
        random_state=policy.seed,
    )


def _train(
    network: LightFM,
    stage: str,
    weights: sparse.csr_matrix,
    users: FeatureMatrix,
    items: FeatureMatrix,
    policy: LightfmHybridPolicy,
    epochs: int,
    progress: Progress,
) -> None:
    user_rows, item_rows = active_rows(weights)
    samples = weights[user_rows][:, item_rows].tocoo()
    samples.data = np.minimum(samples.data, np.float32(MAX_WEIGHT))
    positives = sparse.coo_matrix((np.ones_like(samples.data), (samples.row, samples.col)), shape=samples.shape)
    user_features, item_features = users.matrix[user_rows], items.matrix[item_rows]
    for epoch in range(1, epochs + 1):
        try:
            network.fit_partial(
                positives,
                user_features=user_features,
                item_features=item_features,
                sample_weight=samples,
                num_threads=policy.threads,
            )
        except ValueError as error:
            if _finite(network):
                raise
            raise DivergedError(
                f"training diverged in epoch {epoch} of {epochs} ({stage}) "
                f"with model.learning_rate {policy.learning_rate}",
                remedy="lower model.learning_rate in the policy, then clear `train`",
            ) from error
        progress(stage, epoch, epochs)


def _finite(network: LightFM) -> bool:
    parameters = (network.user_embeddings, network.user_biases, network.item_embeddings, network.item_biases)
    return all(parameter is None or bool(np.isfinite(parameter).all()) for parameter in parameters)


def _extract(network: LightFM, weights: sparse.csr_matrix, users: FeatureMatrix, items: FeatureMatrix) -> HybridModel:
    """Copy the parameters of the features that took part; the others hold their random start."""
    user_rows, item_rows = active_rows(weights)
    mine, theirs = carried(users, user_rows), carried(items, item_rows)
    return HybridModel(
        FeatureEmbeddings(users.names[mine], network.user_embeddings[mine], network.user_biases[mine]),
        FeatureEmbeddings(items.names[theirs], network.item_embeddings[theirs], network.item_biases[theirs]),
    )
