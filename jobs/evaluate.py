"""Compare the challenger with the champion and with popularity on the held-out days.

    python -m jobs.evaluate --training-set training_sets/2011-12-09-0123456789ab --model-version 3

The champion is the version promoted last in a night before the run date. The report is a JSON file in
`evaluations/<run date>-<fingerprint>/`; the result names that folder and the headline metrics.
"""

from __future__ import annotations

import argparse
import datetime as dt
import logging
import sys
from typing import Any

from include.contract import load_policy
from include.evaluation.comparison import Holdout, evaluate, hold_out
from include.evaluation.report import (
    CHALLENGER,
    FILE,
    INCUMBENT,
    POPULARITY,
    headlines,
    read_report,
    write_report,
)
from include.features import TrainingSet, load_training_set
from include.features.matrix import FeatureMatrix
from include.lake import Artifact, Lake, Manifest, commit_file, find_complete, open_folder, open_lake
from include.lake.manifest import fingerprint
from include.log import step
from include.model import popularity
from include.model.factors import HybridModel, demote_unknown
from include.policy import Policy
from include.serving.database import connect
from include.serving.decisions import champion_before
from include.settings import Settings
from include.tracking import load_model, log_metrics
from jobs import _command

logger = logging.getLogger("nightshelf.evaluate")


def arguments() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = _command.parser(__doc__)
    parser.add_argument("--training-set", required=True, help="folder in the lake")
    parser.add_argument("--model-version", required=True, help="the challenger's registered version")
    return parser


def run(settings: Settings, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the committed evaluation of this challenger, made now unless it is there."""
    lake = open_lake(settings.lake_uri)
    source, version = arguments.training_set.rstrip("/"), str(arguments.model_version)
    manifest = open_folder(lake, source)
    run_date = dt.date.fromisoformat(manifest.details["run_date"])
    policy = load_policy(settings)
    with connect(settings.database_url, "evaluate") as connection:
        incumbent = champion_before(connection, policy.publish.variant, run_date)
    name = _fingerprint(source, manifest, version, incumbent, policy)
    folder = f"evaluations/{run_date}-{name}"
    if find_complete(lake, folder) is None:
        _make(settings, lake, folder, name, (source, manifest), (version, incumbent), policy)
    report = _read(lake, folder)
    for model, metrics in headlines(report).items():
        logger.info("%s: %s", model, metrics)
    values = {key: float(value) for key, value in report["models"][CHALLENGER]["metrics"].items()}
    log_metrics(settings, version, values, {"evaluation": folder})
    return {"evaluation": folder, "metrics": headlines(report)}


def _fingerprint(source: str, manifest: Manifest, version: str, incumbent: str | None, policy: Policy) -> str:
    return fingerprint(
        {
            "training_set": source,
            "manifest": manifest.fingerprint,
            "model_version": version,
            "incumbent": incumbent,
            "popularity_weight": policy.model.popularity_weight,
            "evaluation": policy.evaluation.fingerprint(),
            "gate": policy.gate.fingerprint(),
        }
    )


def _make(
    settings: Settings,
    lake: Lake,
    folder: str,
    name: str,
    source: tuple[str, Manifest],
    versions: tuple[str, str | None],
    policy: Policy,
) -> None:
    training_set = load_training_set(Artifact(lake, *source))
    report: dict[str, Any] = {
        "run_date": training_set.run_date.isoformat(),
        "cutoff": training_set.cutoff.isoformat(),
        "k": policy.evaluation.cutoff,
        "training_set": source[0],
        "variant": policy.publish.variant,
        "model_version": versions[0],
        "incumbent": versions[1],
        "models": _compare(settings, training_set, versions, policy),
    }
    commit_file(
        lake,
        folder,
        FILE,
        write_report(report),
        fingerprint=name,
        counts={"users": report["models"][CHALLENGER]["metrics"]["users"]},
        inputs={source[0]: source[1].fingerprint},
        details={key: value for key, value in report.items() if key != "models"},
    )


def _compare(
    settings: Settings, training_set: TrainingSet, versions: tuple[str, str | None], policy: Policy
) -> dict[str, Any]:
    """Return each model's metrics on the same users and items."""
    challenger, incumbent = versions
    holdout = hold_out(
        training_set.targets(), training_set.seen("before"), training_set.matrix("before"), training_set.segments
    )
    logger.info(
        "%d users took something new after %s, %d of them have a history",
        len(holdout.users), training_set.cutoff, int(holdout.known.sum()),
    )  # fmt: skip
    k, weight = policy.evaluation.cutoff, policy.model.popularity_weight
    models = {}
    for name, version in ((CHALLENGER, challenger), (INCUMBENT, incumbent)):
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


def _read(lake: Lake, folder: str) -> dict[str, Any]:
    path = f"{folder}/{open_folder(lake, folder).paths()[0]}"
    return read_report(lake.read_bytes(path), lake.uri_of(path))


if __name__ == "__main__":
    sys.exit(_command.main(arguments().parse_args, run))
