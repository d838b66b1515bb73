"""Popularity as a model: no taste at all, so that only what sold lately ranks.

What every other model must beat, and what serves until one has.
"""

from __future__ import annotations

from collections.abc import Sequence

from include.features import Period, TrainingSet
from include.model.interactions import check_interactions
from include.model.recommender import Recommender
from include.model.trainer import Progress, Stages
from include.model_policy import PopularityPolicy

RECIPE = "popularity-2"


def stages(
    training_set: TrainingSet, policy: PopularityPolicy, progress: Progress, periods: Sequence[Period]
) -> Stages:
    """Return recommenders that know nobody. See `ModelModule.stages`."""
    for period in periods:
        check_interactions(training_set, period)
        yield period, Recommender.popular()
