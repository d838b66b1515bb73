"""A small shop with two tastes, as a training set."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from include.features import TrainingSet
from include.model_policy import ModelPolicy
from include.policy import load_policy
from tests.training_sets import Pair, make_training_set

N_USERS, N_ITEMS = 40, 30


def make_policy(**changes: object) -> ModelPolicy:
    """Return the LightFM hybrid's policy, or another trainer's."""
    if "trainer" not in changes:
        small = {"dimensions": 8, "epochs": 12, "refit_epochs": 2, "learning_rate": 0.1}
        changes = {"trainer": "lightfm_hybrid", **small, **changes}
    return load_policy({"model": changes}).model


def make_world(seed: int = 0) -> TrainingSet:
    """Return a shop in which users below half like items below half and the others like the others.

    The last user and the last item have no interaction: only their features say what they are.
    """
    random = np.random.default_rng(seed)
    same = (np.arange(N_USERS)[:, None] < N_USERS // 2) == (np.arange(N_ITEMS)[None, :] < N_ITEMS // 2)
    likes = random.random((N_USERS, N_ITEMS)) < np.where(same, 0.5, 0.02)
    likes[:, 0] |= np.arange(N_USERS) < N_USERS // 2
    likes[:, N_ITEMS - 2] |= np.arange(N_USERS) >= N_USERS // 2
    likes[-1], likes[:, -1] = False, False
    weights = random.uniform(0.2, 3.0, likes.shape)
    before = random.random(likes.shape) < 0.8
    pairs = [
        Pair(f"{u:02}", f"{i:02}", weights[u, i] * before[u, i], weights[u, i], int(before[u, i]), int(~before[u, i]))
        for u, i in np.argwhere(likes)
    ]
    return make_training_set(
        pairs,
        users=dict.fromkeys(_names(N_USERS), "everybody"),
        items={name: {} for name in _names(N_ITEMS)},
        user_features=[(name, f"segment:{_side(n, N_USERS)}") for n, name in enumerate(_names(N_USERS))],
        item_features=[(name, f"category:{_side(n, N_ITEMS)}") for n, name in enumerate(_names(N_ITEMS))],
    )


def with_weights(world: TrainingSet, **weights: Any) -> TrainingSet:
    """Return the shop with other weights, by period."""
    pairs = world.interactions
    return replace(world, interactions=replace(pairs, weights={**pairs.weights, **weights}))


def _names(n: int) -> list[str]:
    return [f"{number:02}" for number in range(n)]


def _side(number: int, n: int) -> str:
    return "left" if number < n // 2 else "right"
