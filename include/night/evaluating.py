"""A night's evaluation: challenger, champion and popularity on the same held-out days, as a report in the lake."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from include.evaluation.comparison import Holdout, evaluate, hold_out
from include.evaluation.report import CHALLENGER, CHAMPION, FILE, POPULARITY, check_report
from include.features import TrainingSet, load_training_set
from include.features.matrix import FeatureMatrix
from include.lake import Artifact, Content, find_or_make, write_json
from include.log import step
from include.model import popularity
from include.model.factors import HybridModel, demote_unknown
from include.policy import Policy
from include.settings import Settings
from include.tracking import load_model

logger = logging.getLogger(__name__)

KIND = "evaluations"


def find_or_evaluate(
    settings: Settings, source: Artifact, challenger: str, champion: str | None, policy: Policy
) -> Artifact:
    """Return the report on `challenger`, made now unless it is there.

    Parameters
    ----------
    source
        The training set with the holdout.
    challenger, champion
        Registered versions; the champion before the night, None when there was none.
    """
    inputs = {
        "training_set": source.folder,
        "manifest": source.manifest.fingerprint,
        "model_version": challenger,
        "incumbent": champion,  # as it was called when the first evaluations were named
        "popularity_weight": policy.model.popularity_weight,
        "evaluation": policy.evaluation.fingerprint(),
        "gate": policy.gate.fingerprint(),
    }

    def make(staged: str) -> Content:
        training_set = load_training_set(source)
        about = {
            "run_date": training_set.run_date.isoformat(),
            "cutoff": training_set.cutoff.isoformat(),
            "k": policy.evaluation.cutoff,
            "training_set": source.folder,
            "variant": policy.publish.variant,
            "model_version": challenger,
            CHAMPION: champion,
        }
        models = _compare(settings, training_set, {CHALLENGER: challenger, CHAMPION: champion}, policy)
        return Content(
            files=[write_json(source.lake, staged, FILE, {**about, "models": models})],
            counts={"users": models[CHALLENGER]["metrics"]["users"]},
            inputs={source.folder: source.manifest.fingerprint},
            details=about,
        )

    return find_or_make(source.lake, KIND, source.run_date, inputs, make)


def read_report(evaluation: Artifact) -> dict[str, Any]:
    """Return the report in a folder that `find_or_evaluate` made.

    Raises
    ------
    MissingArtifactError
        When it is no report.
    """
    return check_report(evaluation.read_json(), evaluation.uri)


def _compare(
    settings: Settings, training_set: TrainingSet, versions: Mapping[str, str | None], policy: Policy
) -> dict[str, Any]:
    """Return each model's metrics on the same users and items."""
    holdout = hold_out(
        training_set.targets(), training_set.seen("before"), training_set.matrix("before"), training_set.segments
    )
    logger.info(
        "%d users took something new after %s, %d of them have a history",
        len(holdout.users), training_set.cutoff, int(holdout.known.sum()),
    )  # fmt: skip
    k, weight = policy.evaluation.cutoff, policy.model.popularity_weight
    models = {}
    for name, version in versions.items():
        if version is not None:
            with step(logger, f"evaluating version {version} ({name})"):
                model = load_model(settings, version, "evaluation")
                models[name] = {"version": version, **_evaluate(model, training_set, holdout, weight, k)}
    with step(logger, f"evaluating popularity over {policy.features.popularity_days} days"):
        found = _evaluate(popularity.empty(), training_set, holdout, popularity.PRIOR_WEIGHT, k)
    models[POPULARITY] = {"version": POPULARITY, **found}
    return models


def _evaluate(model: HybridModel, training_set: TrainingSet, holdout: Holdout, weight: float, k: int) -> dict[str, Any]:
    rows = training_set.user_features
    users = model.user.describe(FeatureMatrix(rows.matrix[holdout.users], rows.names))
    items = model.item.describe(training_set.item_features).with_prior(training_set.popularity_before, weight)
    return evaluate(users, demote_unknown(items, users), holdout, k)
