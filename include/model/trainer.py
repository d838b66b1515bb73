"""What a model is to the night: a module of this package with a recipe and `stages`.

To add one, write `include/model/<name>.py` with both and its policy in `include.model_policy` with ``trainer: <name>``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, cast

from include.features import Period, TrainingSet
from include.model.recommender import Recommender
from include.model_policy import BlendPolicy, ModelPolicy, SparkAlsPolicy

Progress = Callable[[str, int, int], None]
"""Takes what is trained and on which period, the epoch from 1, and the epochs of that stage."""
Stages = Iterator[tuple[Period, Recommender]]
EVALUATION_AND_SERVING: tuple[Period, ...] = ("before", "all")


class ModelModule(Protocol):
    """Turns a training set into recommenders.

    Attributes
    ----------
    RECIPE
        Names the model and its version. Part of a version's fingerprint: change it with whatever changes the
        factors, or an older version is taken for this one.
    """

    RECIPE: str

    def stages(self, training_set: TrainingSet, policy: Any, progress: Progress, periods: Sequence[Period]) -> Stages:
        """Yield one recommender after the other, each when it is asked for; equal arguments give equal ones.

        Parameters
        ----------
        policy
            The model's own section of `include.model_policy`.
        progress
            Called after each epoch.
        periods
            In their order in time: each may go on from the one before it, and never sees what comes after it.

        Raises
        ------
        NoInteractionsError, InputError
            See `check_interactions`.
        """


@dataclass(frozen=True)
class Trainer:
    """A model's module as the night uses it."""

    module: ModelModule

    @property
    def RECIPE(self) -> str:  # noqa: N802 - as the module calls it
        return self.module.RECIPE

    def stages(self, training_set: TrainingSet, policy: Any, progress: Progress, periods: Sequence[Period]) -> Stages:
        """See `ModelModule.stages`."""
        return self.module.stages(training_set, policy, progress, periods)

    def fit(
        self,
        training_set: TrainingSet,
        policy: Any,
        progress: Progress = lambda stage, epoch, epochs: None,
        periods: Sequence[Period] = EVALUATION_AND_SERVING,
    ) -> dict[Period, Recommender]:
        """Return the recommender of each period."""
        return dict(self.stages(training_set, policy, progress, periods))


def find_trainer(name: str) -> Trainer:
    """Return the trainer that the policy calls `name`."""
    return Trainer(cast(ModelModule, import_module(f"include.model.{name}")))


def recipe_of(policy: ModelPolicy) -> str:
    """Return the recipe of the policy's trainer, with those of its members."""
    names = list(policy.members.chosen) if isinstance(policy, BlendPolicy) else []
    return "+".join(find_trainer(name).RECIPE for name in (policy.trainer, *names))


def needs_spark(policy: ModelPolicy) -> bool:
    """Tell whether the policy's trainer, or a member of it, trains on Spark."""
    members = policy.members.chosen.values() if isinstance(policy, BlendPolicy) else [policy]
    return any(isinstance(each, SparkAlsPolicy) for each in members)
