"""Implicit alternating least squares with features as priors.

Vectors are pulled to what the features say, x_u = f_u A + d_u and y_i = g_i B + e_i: the deviations d and e
are penalised, and so are the maps A and B, which are ridge regressions of the vectors on the features (Agarwal and Chen
2009, regression-based latent factors; for implicit feedback as irspack has it). The penalty of a row grows with its
frequency and the loss is that of Rendle et al. 2021 (arXiv:2110.14037), see `least_squares`.

Only users and items with an interaction take part, as in the LightFM hybrid. The user side is not kept: a user's
vector is one row of least squares, so new users and new events of known ones get theirs when lists are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from include.features import Period, Snapshot, TrainingSet
from include.features.matrix import FeatureMatrix
from include.model.factors import FeatureEmbeddings, FoldIn, HybridModel
from include.model.interactions import active_rows, carried, check_interactions
from include.model.least_squares import gram, penalty, solve_rows
from include.model.recommender import Recommender
from include.model.trainer import Progress, Stages
from include.model_policy import IalsPolicy
from include.types import Bools, Floats, Indices

NAME = "ials"
RECIPE = "ials-1"
SPREAD = 0.1
"""Length of a random vector at the start."""
STEPS = 3
"""Of conjugate gradients, from where the last epoch ended (Takacs, Pilaszy and Tikk 2011)."""


def stages(training_set: TrainingSet, policy: IalsPolicy, progress: Progress, periods: Sequence[Period]) -> Stages:
    """Train on the first period, then continue on the others. See `ModelModule.stages`.

    Equal arguments give equal bytes on any number of threads.
    """
    for period in periods:
        check_interactions(training_set, period)
    random = np.random.default_rng(policy.seed)
    users, items = (
        _Side.start(features, policy.dimensions, random)
        for features in (training_set.user_features, training_set.item_features)
    )
    for number, period in enumerate(periods):
        snapshot = training_set.at(period)
        epochs = policy.refit_epochs if number else policy.epochs
        _train(snapshot, users, items, policy, epochs, progress)
        yield period, Recommender.single(NAME, _extract(users, items, policy), policy.popularity_weight)


@dataclass
class _Side:
    """Users or items while they are trained: (n, d) vectors, the map of their features, and whose turn it is."""

    features: FeatureMatrix
    sides: sparse.csr_matrix
    vectors: Floats
    map: Floats
    active: Bools
    pull: Floats

    @classmethod
    def start(cls, features: FeatureMatrix, dimensions: int, random: np.random.Generator) -> _Side:
        sides = side_features(features)
        n = features.matrix.shape[0]
        start = random.standard_normal((n, dimensions)) * (SPREAD / np.sqrt(dimensions))
        return cls(
            features, sides, start.astype(np.float32), np.zeros((sides.shape[1], dimensions), np.float32),
            np.ones(n, dtype=bool), np.ones(n, np.float32),
        )  # fmt: skip

    @property
    def gram(self) -> Floats:
        return gram(self.vectors[self.active])

    def count(self, pairs: Indices, others: int, policy: IalsPolicy) -> None:
        """Set who takes part and how strongly each is pulled to its features, by (n,) numbers of pairs."""
        self.active = pairs > 0
        self.pull = penalty(pairs, policy.unobserved_weight * others, policy.regularization, policy.frequency_power)

    def solve(self, weights: sparse.csr_matrix, other: _Side, policy: IalsPolicy, ridge: float, share: float) -> None:
        """Take a step of each row, pulled to so much of its features' vector, then of their map."""
        prior = np.float32(share) * np.asarray(self.sides @ self.map, dtype=np.float32)
        inner = np.float32(policy.unobserved_weight) * other.gram
        self.vectors = solve_rows(weights, other.vectors, inner, self.pull, prior, self.vectors, STEPS)
        pull = np.where(self.active, self.pull, np.float32(0))
        self.map = _regress(self.sides, self.vectors, pull, np.float32(ridge * pull[self.active].mean()), self.map)


def _train(snapshot: Snapshot, users: _Side, items: _Side, policy: IalsPolicy, epochs: int, progress: Progress) -> None:
    by_user = snapshot.history
    by_item = by_user.T.tocsr()
    n_users, n_items = (len(rows) for rows in active_rows(by_user))
    users.count(np.diff(by_user.indptr), n_items, policy)
    items.count(np.diff(by_item.indptr), n_users, policy)
    for epoch in range(1, epochs + 1):
        users.solve(by_user, items, policy, policy.user_feature_ridge, policy.user_prior)
        items.solve(by_item, users, policy, policy.item_feature_ridge, 1.0)
        progress(f"{NAME}, {snapshot.period}", epoch, epochs)


def side_features(features: FeatureMatrix) -> sparse.csr_matrix:
    """Return all features but the identities, and one that every row carries: (n, n_sides + 1) float32 CSR."""
    n = features.matrix.shape[0]
    constant = sparse.csr_matrix(np.ones((n, 1), np.float32))
    return sparse.hstack([features.matrix[:, n:], constant], format="csr", dtype=np.float32)


def _regress(features: sparse.csr_matrix, vectors: Floats, pull: Floats, ridge: np.float32, start: Floats) -> Floats:
    """Return the weighted ridge regression of the vectors on the features, by conjugate gradients from `start`.

    Each of the d columns is a regression of its own: (n_features, d) float32.
    """
    back = features.T.tocsr()
    solution = start.copy()
    residual = back @ (pull[:, None] * (vectors - features @ solution)) - ridge * solution
    direction, length = residual.copy(), (residual * residual).sum(axis=0)
    tiny = np.float32(1e-30)
    for _ in range(STEPS):
        image = back @ (pull[:, None] * (features @ direction)) + ridge * direction
        stride = length / np.maximum((direction * image).sum(axis=0), tiny)
        solution += stride * direction
        residual -= stride * image
        shorter = (residual * residual).sum(axis=0)
        direction = residual + shorter / np.maximum(length, tiny) * direction
        length = shorter
    return np.asarray(solution, dtype=np.float32)


def _extract(users: _Side, items: _Side, policy: IalsPolicy) -> HybridModel:
    """Return the item side with identities, the user side without, and what a user's row is solved with."""
    rows = np.flatnonzero(items.active)
    own = items.vectors[rows] - np.asarray(items.sides[rows] @ items.map)
    own /= items.features.matrix[rows, rows].A1[:, None]  # its weight beside the features, which are part of the row
    fold_in = FoldIn(
        inner=np.float32(policy.unobserved_weight) * items.gram,
        unobserved=policy.unobserved_weight * len(rows),
        regularization=policy.regularization,
        power=policy.frequency_power,
        share=policy.user_prior,
    )
    user_sides = _embeddings(users)
    item_sides = _embeddings(items)
    return HybridModel(
        user_sides,
        FeatureEmbeddings(
            np.concatenate([items.features.names[rows], item_sides.names]),
            np.concatenate([own, item_sides.embeddings]).astype(np.float32),
            np.zeros(len(rows) + len(item_sides.names), np.float32),
            item_sides.constant,
        ),
        fold_in,
    )


def _embeddings(side: _Side) -> FeatureEmbeddings:
    """Return the map of the features that took part."""
    n = side.features.matrix.shape[0]
    mine = carried(side.features, np.flatnonzero(side.active))
    mine = mine[mine >= n]
    return FeatureEmbeddings(
        side.features.names[mine], side.map[mine - n], np.zeros(len(mine), np.float32), side.map[-1]
    )
