"""A small shop with two tastes, as matrices."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from include.features.matrix import FeatureMatrix
from include.policy import ModelPolicy, load_policy

N_USERS, N_ITEMS = 40, 30


class World(NamedTuple):
    """Users below half like items below half and the others like the others.

    The last user and the last item have no interaction: only their features say what they are.
    """

    before: sparse.csr_matrix
    everything: sparse.csr_matrix
    users: FeatureMatrix
    items: FeatureMatrix


def make_policy(**changes: object) -> ModelPolicy:
    """Return the LightFM hybrid's policy, or another trainer's."""
    if "trainer" not in changes:
        changes = {"dimensions": 8, "epochs": 12, "refit_epochs": 2, "learning_rate": 0.1, **changes}
    return load_policy({"model": changes}).model


def make_world(seed: int = 0) -> World:
    random = np.random.default_rng(seed)
    same = (np.arange(N_USERS)[:, None] < N_USERS // 2) == (np.arange(N_ITEMS)[None, :] < N_ITEMS // 2)
    likes = random.random((N_USERS, N_ITEMS)) < np.where(same, 0.5, 0.02)
    likes[:, 0] |= np.arange(N_USERS) < N_USERS // 2
    likes[:, N_ITEMS - 2] |= np.arange(N_USERS) >= N_USERS // 2
    likes[-1], likes[:, -1] = False, False
    weights = (likes * random.uniform(0.2, 3.0, likes.shape)).astype(np.float32)
    before = np.where(random.random(likes.shape) < 0.8, weights, 0).astype(np.float32)
    return World(
        before=sparse.csr_matrix(before),
        everything=sparse.csr_matrix(weights),
        users=make_features("user_id", N_USERS, "segment"),
        items=make_features("item_id", N_ITEMS, "category"),
    )


def make_features(identity: str, n: int, side: str) -> FeatureMatrix:
    """Return identity and one side feature, "left" for the first half, each weighing a half."""
    own = np.arange(n)
    shared = n + (own >= n // 2)
    rows, columns = np.concatenate([own, own]), np.concatenate([own, shared])
    matrix = sparse.csr_matrix((np.full(2 * n, 0.5, np.float32), (rows, columns)), shape=(n, n + 2))
    names = np.array([f"{identity}:{i}" for i in range(n)] + [f"{side}:left", f"{side}:right"])
    return FeatureMatrix(matrix, names)
