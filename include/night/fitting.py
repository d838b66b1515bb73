"""Fitting the policy's model, on Spark where it trains there."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext

from include.features import Period, TrainingSet
from include.model import Recommender, find_trainer, needs_spark
from include.model.trainer import EVALUATION_AND_SERVING
from include.model_policy import ModelPolicy
from include.settings import Settings
from include.spark.session import spark_session

logger = logging.getLogger(__name__)


def fit_model(
    settings: Settings,
    training_set: TrainingSet,
    policy: ModelPolicy,
    periods: Sequence[Period] = EVALUATION_AND_SERVING,
) -> dict[Period, Recommender]:
    """Return the recommender of each period, and log every epoch."""
    return dict(zip(periods, fit_stages(settings, training_set, policy, periods), strict=True))


def fit_stages(
    settings: Settings, training_set: TrainingSet, policy: ModelPolicy, periods: Sequence[Period]
) -> Iterator[Recommender]:
    """Yield the recommender of each period, trained when it is asked for; a period may come again."""
    started = time.monotonic()

    def progress(stage: str, epoch: int, epochs: int) -> None:
        logger.info("%s: epoch %d of %d, %.1f s since the start", stage, epoch, epochs, time.monotonic() - started)

    with spark_session("train", settings) if needs_spark(policy) else nullcontext():
        for _, model in find_trainer(policy.trainer).stages(training_set, policy, progress, periods):
            yield model
