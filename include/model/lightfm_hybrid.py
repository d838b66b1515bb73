"""The LightFM hybrid (Kula 2015, arXiv:1507.08439), trained with WARP (Weston et al. 2011).

The first period is learned in full; each further one continues from there for a few epochs on all that is known
then (ADR 2).

Only users and items with an interaction take part. WARP draws its negatives from all items that it is shown, so an
item without any would learn that nobody wants it. Left out, it is described by its features alone, as is a new user.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from include.errors import NightshelfError
from include.features import Period, Snapshot, TrainingSet
from include.model.factors import FeatureEmbeddings, HybridModel
from include.model.interactions import active_rows, carried, check_interactions
from include.model.recommender import Recommender
from include.model.trainer import Progress, Stages
from include.model_policy import LightfmHybridPolicy

if TYPE_CHECKING:
    from lightfm import LightFM

NAME = "lightfm_hybrid"
RECIPE = "lightfm-hybrid-2"

# LightFM multiplies each gradient step by the interaction's weight; a user who bought one thing
# fifty times would make a step fifty times too long.
MAX_WEIGHT = 1.0


class DivergedError(NightshelfError):
    """Training left the finite numbers; the same input diverges again."""

    exit_code = 3


def stages(
    training_set: TrainingSet, policy: LightfmHybridPolicy, progress: Progress, periods: Sequence[Period]
) -> Stages:
    """Train on the first period, then continue on the others. See `ModelModule.stages`.

    Equal arguments give equal models as long as ``policy.threads`` is 1.

    Raises
    ------
    NoInteractionsError, InputError
        See `check_interactions`.
    DivergedError
        When a parameter is no longer a finite number.
    """
    for period in periods:
        check_interactions(training_set, period)
    network = _network(policy)
    for number, period in enumerate(periods):
        snapshot = training_set.at(period)
        _train(network, snapshot, policy, policy.refit_epochs if number else policy.epochs, progress)
        yield period, Recommender.single(NAME, _extract(network, snapshot), policy.popularity_weight)


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


def _train(network: LightFM, snapshot: Snapshot, policy: LightfmHybridPolicy, epochs: int, progress: Progress) -> None:
    user_rows, item_rows = active_rows(snapshot.history)
    pairs = snapshot.history[user_rows][:, item_rows].tocoo()
    pairs.data = np.minimum(pairs.data, np.float32(MAX_WEIGHT))
    random = np.random.default_rng(policy.seed)
    user_features, item_features = (
        side.matrix[rows] for side, rows in ((snapshot.user_features, user_rows), (snapshot.item_features, item_rows))
    )
    for epoch in range(1, epochs + 1):
        samples = _some(pairs, policy.most_pairs, random)
        positives = sparse.coo_matrix((np.ones_like(samples.data), (samples.row, samples.col)), shape=samples.shape)
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
                f"training diverged in epoch {epoch} of {epochs} ({snapshot.period}) "
                f"with a learning_rate of {policy.learning_rate}",
                remedy="lower the learning_rate of lightfm_hybrid in the policy, then clear `train`",
            ) from error
        progress(f"{NAME}, {snapshot.period}", epoch, epochs)


def _some(pairs: sparse.coo_matrix, most: int, random: np.random.Generator) -> sparse.coo_matrix:
    """Return at most so many pairs, others in each epoch."""
    if pairs.nnz <= most:
        return pairs
    chosen = np.sort(random.choice(pairs.nnz, most, replace=False))
    return sparse.coo_matrix((pairs.data[chosen], (pairs.row[chosen], pairs.col[chosen])), shape=pairs.shape)


def _finite(network: LightFM) -> bool:
    parameters = (network.user_embeddings, network.user_biases, network.item_embeddings, network.item_biases)
    return all(parameter is None or bool(np.isfinite(parameter).all()) for parameter in parameters)


def _extract(network: LightFM, snapshot: Snapshot) -> HybridModel:
    """Copy the parameters of the features that took part; the others hold their random start."""
    users, items = snapshot.user_features, snapshot.item_features
    user_rows, item_rows = active_rows(snapshot.history)
    mine, theirs = carried(users, user_rows), carried(items, item_rows)
    none = np.zeros(network.no_components, np.float32)
    return HybridModel(
        FeatureEmbeddings(users.names[mine], network.user_embeddings[mine], network.user_biases[mine], none),
        FeatureEmbeddings(items.names[theirs], network.item_embeddings[theirs], network.item_biases[theirs], none),
    )
