"""What a model is to the night: a module of this package with a recipe and a `fit`.

To add one, write `include/model/<name>.py` with both and its policy in `include.policy` with ``trainer: <name>``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, cast

from scipy import sparse

from include.features.matrix import FeatureMatrix
from include.model.factors import HybridModel

Progress = Callable[[str, int, int], None]
"""Takes the stage ("evaluation", "serving"), the epoch from 1, and the epochs of that stage."""


@dataclass(frozen=True)
class TrainedModels:
    """The two models of one training.

    Attributes
    ----------
    evaluation
        Has not seen the holdout.
    serving
        Has seen everything up to the run date.
    """

    evaluation: HybridModel
    serving: HybridModel


class Trainer(Protocol):
    """Turns interactions and features into factors.

    Attributes
    ----------
    RECIPE
        Names the model and its version. Part of a version's fingerprint: change it with whatever changes the
        factors, or an older version is taken for this one.
    """

    RECIPE: str

    def fit(
        self,
        before: sparse.csr_matrix,
        everything: sparse.csr_matrix,
        users: FeatureMatrix,
        items: FeatureMatrix,
        policy: Any,
        progress: Progress = ...,
    ) -> TrainedModels:
        """Train one model on `before` and one on `everything`; equal arguments give equal models.

        Parameters
        ----------
        before, everything
            (n_users, n_items) float32 CSR of weights, up to the cutoff and up to the run date.
        users, items
            Features of the same users and items.
        policy
            The trainer's own section of `include.policy`.
        progress
            Called after each epoch.

        Raises
        ------
        NoInteractionsError, InputError
            See `check_interactions`.
        """


def find_trainer(name: str) -> Trainer:
    """Return the trainer that the policy calls `name`."""
    return cast(Trainer, import_module(f"include.model.{name}"))
