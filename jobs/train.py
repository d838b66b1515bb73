"""Train the challenger on one training set and register it.

    python -m jobs.train --training-set training_sets/2011-12-09-0123456789ab

The version of the same training set and recipe is reused when it is there and whole. The result
names it: {"model_version": "3"}.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from typing import Any

from include.contract import load_policy
from include.features import TrainingSet, load_training_set
from include.lake import Artifact, Manifest, open_folder, open_lake
from include.lake.manifest import fingerprint
from include.log import step
from include.model import TrainedModels, find_trainer
from include.policy import Policy
from include.settings import Settings
from include.tracking import Lineage, find_version, register
from jobs import _command

logger = logging.getLogger("nightshelf.train")


def arguments() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = _command.parser(__doc__)
    parser.add_argument("--training-set", required=True, help="folder in the lake")
    return parser


def run(settings: Settings, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the version that holds the models of this training set and policy."""
    lake = open_lake(settings.lake_uri)
    folder = arguments.training_set.rstrip("/")
    manifest = open_folder(lake, folder)
    policy = load_policy(settings)
    recipe = fingerprint(
        {
            "training_set": folder,
            "manifest": manifest.fingerprint,
            "recipe": find_trainer(policy.model.trainer).RECIPE,
            "policy": policy.model.fingerprint(),
        }
    )
    version = find_version(settings, recipe)
    if version is not None:
        logger.info("version %d was trained on %s with this policy: nothing to do", version, folder)
        return {"model_version": str(version)}
    with step(logger, f"reading {folder}"):
        training_set = load_training_set(Artifact(lake, folder, manifest))
    started = time.monotonic()
    models = _fit(training_set, policy)
    seconds = time.monotonic() - started
    lineage = Lineage(
        fingerprint=recipe,
        run_date=training_set.run_date.isoformat(),
        training_set=folder,
        training_set_uri=lake.uri_of(folder),
        manifest_digest=manifest.fingerprint,
        counts=manifest.counts,
    )
    with step(logger, "registering the models"):
        version = register(
            settings,
            {"evaluation": models.evaluation, "serving": models.serving},
            lineage,
            _parameters(policy, manifest, training_set),
            {"fit_seconds": seconds, **_sizes(training_set)},
        )
    return {"model_version": str(version)}


def _fit(training_set: TrainingSet, policy: Policy) -> TrainedModels:
    before, everything = training_set.matrix("before"), training_set.matrix("all")
    logger.info(
        "training on %d users and %d items: %d interactions up to %s, then %d up to %s",
        training_set.n_users, training_set.n_items,
        before.nnz, training_set.cutoff, everything.nnz, training_set.run_date,
    )  # fmt: skip
    started = time.monotonic()

    def progress(stage: str, epoch: int, epochs: int) -> None:
        logger.info("%s epoch %d of %d, %.1f s since the start", stage, epoch, epochs, time.monotonic() - started)

    return find_trainer(policy.model.trainer).fit(
        before, everything, training_set.user_features, training_set.item_features, policy.model, progress
    )


def _parameters(policy: Policy, manifest: Manifest, training_set: TrainingSet) -> dict[str, Any]:
    return {
        "recipe": find_trainer(policy.model.trainer).RECIPE,
        **policy.model.model_dump(),
        **{f"features.{name}": value for name, value in policy.features.model_dump().items()},
        "training_set_fingerprint": manifest.fingerprint,
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


if __name__ == "__main__":
    sys.exit(_command.main(arguments().parse_args, run))
