"""A night's challenger: trained on one training set and registered in MLflow, once for equal inputs."""

from __future__ import annotations

import logging
import time
from typing import Any, NamedTuple

from include.features import Period, TrainingSet, load_training_set
from include.lake import Artifact
from include.lake.manifest import fingerprint
from include.log import step
from include.model import Recommender, recipe_of
from include.night.fitting import fit_model
from include.night.readiness import lack_of_data
from include.night.recipes import record_of
from include.policy import Policy
from include.serving.decisions import POPULARITY
from include.settings import Settings
from include.tracking import Lineage, find_version, register

logger = logging.getLogger(__name__)


class Trained(NamedTuple):
    """The registered version; "popularity", and what the training set lacks, where that is not enough for a model."""

    model_version: str
    lacks: str | None = None


def find_or_train(settings: Settings, source: Artifact, policy: Policy, tuning: int | None = None) -> Trained:
    """Return the version that holds the models of this training set and policy, trained now unless it is there.

    `tuning` is the number of the search that found the policy's model.
    """
    recipe = fingerprint(
        {
            "training_set": source.folder,
            "manifest": source.manifest.fingerprint,
            "recipe": recipe_of(policy.model),
            "policy": policy.model.fingerprint(),
        }
    )
    version = find_version(settings, recipe)
    if version is not None:
        logger.info("version %d was trained on %s with this policy: nothing to do", version, source.folder)
        return Trained(str(version))
    with step(logger, f"reading {source.folder}"):
        training_set = load_training_set(source)
    lacks = lack_of_data(source, training_set)
    if lacks is not None:
        logger.warning("%s", lacks)
        return Trained(POPULARITY, lacks)
    started = time.monotonic()
    models = _fit(settings, training_set, policy)
    seconds = time.monotonic() - started
    lineage = Lineage(
        fingerprint=recipe,
        run_date=training_set.run_date.isoformat(),
        training_set=source.folder,
        training_set_uri=source.uri,
        manifest_digest=source.manifest.fingerprint,
        counts=source.manifest.counts,
        recipe=record_of(policy.model),
        tuning=tuning,
    )
    with step(logger, "registering the models"):
        version = register(
            settings,
            {"evaluation": models["before"], "serving": models["all"]},
            lineage,
            _parameters(policy, source, training_set),
            {"fit_seconds": seconds, **_sizes(training_set)},
        )
    return Trained(str(version))


def _fit(settings: Settings, training_set: TrainingSet, policy: Policy) -> dict[Period, Recommender]:
    before, everything = training_set.matrix("before"), training_set.matrix("all")
    logger.info(
        "training on %d users and %d items: %d interactions up to %s, then %d up to %s",
        training_set.n_users, training_set.n_items,
        before.nnz, training_set.cutoff, everything.nnz, training_set.run_date,
    )  # fmt: skip
    return fit_model(settings, training_set, policy.model)


def _parameters(policy: Policy, source: Artifact, training_set: TrainingSet) -> dict[str, Any]:
    return {
        "recipe": recipe_of(policy.model),
        **policy.model.model_dump(),
        **{f"features.{name}": value for name, value in policy.features.model_dump().items()},
        "training_set_fingerprint": source.manifest.fingerprint,
        "cutoff": training_set.cutoff.isoformat(),
        "run_date": training_set.run_date.isoformat(),
    }


def _sizes(training_set: TrainingSet) -> dict[str, float]:
    return {
        "users": training_set.n_users,
        "items": training_set.n_items,
        "interactions_before": training_set.matrix("before").nnz,
        "interactions_all": training_set.matrix("all").nnz,
        "user_features": len(training_set.user_features.names),
        "item_features": len(training_set.item_features.names),
    }
