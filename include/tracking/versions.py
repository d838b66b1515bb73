"""Registered versions: one for each training set and recipe, whole or not at all.

The version is created last, after the artifacts are stored and their digests are known. So a
training that is killed leaves at most a run without a version, which nobody looks for.
"""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from include.errors import MissingArtifactError
from include.model.recommender import FILE, Recommender
from include.settings import Settings
from include.tracking.store import MODEL, ensure_model, experiment_id, tracking

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

logger = logging.getLogger(__name__)

Kind = Literal["evaluation", "serving"]
KINDS: tuple[Kind, ...] = ("evaluation", "serving")
FINGERPRINT = "fingerprint"
RUN_DATE = "run_date"
LINEAGE = "lineage.json"


@dataclass(frozen=True)
class Lineage:
    """What a version was made from.

    Attributes
    ----------
    fingerprint
        Names the training set and the recipe: equal inputs, equal fingerprint.
    run_date
        ISO date of the night.
    training_set, training_set_uri, manifest_digest
        The folder in the lake, where it lies, and its fingerprint.
    counts
        Row counts of the training set.
    recipe
        What trained it; see `include.night.recipes`.
    tuning
        The number of the search that found its settings; None where they are the policy's.
    """

    fingerprint: str
    run_date: str
    training_set: str
    training_set_uri: str
    manifest_digest: str
    counts: Mapping[str, int]
    recipe: Mapping[str, Any] = field(default_factory=dict)
    tuning: int | None = None


def find_version(settings: Settings, fingerprint: str) -> int | None:
    """Return the oldest version of `fingerprint` whose artifacts are whole, None when there is none."""
    with tracking(settings) as client:
        found = client.search_model_versions(f"name = '{MODEL}' and tags.{FINGERPRINT} = '{fingerprint}'")
        for version in sorted(found, key=lambda each: int(each.version)):
            try:
                for kind in KINDS:
                    _load(client, version, kind)
            except MissingArtifactError as error:
                logger.warning("version %s is not reused: %s", version.version, error.problem)
            else:
                return int(version.version)
    return None


def register(
    settings: Settings,
    models: Mapping[Kind, Recommender],
    lineage: Lineage,
    parameters: Mapping[str, Any],
    metrics: Mapping[str, float],
) -> int:
    """Log a run with its artifacts and return the number of the version that is made of it."""
    with tracking(settings) as client, tempfile.TemporaryDirectory() as scratch:
        _end_killed_runs(client, settings, lineage.fingerprint)
        tags = {FINGERPRINT: lineage.fingerprint, RUN_DATE: lineage.run_date, "training_set": lineage.training_set}
        run = client.create_run(
            experiment_id(client, settings), run_name=f"{lineage.run_date}-{lineage.fingerprint}", tags=tags
        )
        run_id = run.info.run_id
        _log_run(client, run_id, lineage, parameters, metrics)
        digests = {}
        for kind, model in models.items():
            path = model.save(Path(scratch, kind))
            client.log_artifact(run_id, str(path), kind)
            digests[_digest_tag(kind)] = hashlib.sha256(path.read_bytes()).hexdigest()
        client.set_terminated(run_id)
        ensure_model(client)
        version = client.create_model_version(
            MODEL,
            source=f"{run.info.artifact_uri}/serving",
            run_id=run_id,
            tags={**tags, **digests},
            description=f"Trained on {lineage.training_set}.",
        )
        return int(version.version)


def load_model(settings: Settings, version: str | int, kind: Kind) -> Recommender:
    """Return the model of a version: `evaluation` never saw the holdout, `serving` saw everything.

    Raises
    ------
    MissingArtifactError
        When there is no such version, or its artifact is missing or damaged.
    """
    with tracking(settings) as client:
        return _load(client, _version(client, version), kind)


def find_lineage(settings: Settings, version: str | int) -> dict[str, Any]:
    """Return what a version was made from, by the names of `Lineage`; nothing where that was lost."""
    from mlflow.exceptions import MlflowException

    with tracking(settings) as client, tempfile.TemporaryDirectory() as scratch:
        try:
            path = Path(client.download_artifacts(_version(client, version).run_id, LINEAGE, scratch))
        except (MlflowException, OSError) as error:
            logger.warning("version %s has no %s: %s", version, LINEAGE, error)
            return {}
        return dict(json.loads(path.read_text())["lineage"])


def log_texts(settings: Settings, version: str | int, texts: Mapping[str, str]) -> None:
    """Keep texts, by their path, as artifacts of the run behind a version."""
    with tracking(settings) as client:
        run_id = _version(client, version).run_id
        for path, text in texts.items():
            client.log_text(run_id, text, path)


def log_metrics(settings: Settings, version: str | int, metrics: Mapping[str, float], tags: Mapping[str, str]) -> None:
    """Add metrics and tags to the run behind a version; the last value of a name counts."""
    from mlflow.entities import Metric, RunTag

    with tracking(settings) as client:
        run_id = _version(client, version).run_id
        client.log_batch(
            run_id,
            metrics=[Metric(name, float(value), 0, 0) for name, value in metrics.items()],
            tags=[RunTag(name, value) for name, value in tags.items()],
        )


def _log_run(
    client: MlflowClient, run_id: str, lineage: Lineage, parameters: Mapping[str, Any], metrics: Mapping[str, float]
) -> None:
    from mlflow.entities import Metric, Param

    client.log_batch(
        run_id,
        metrics=[Metric(name, float(value), 0, 0) for name, value in metrics.items()],
        params=[Param(name, str(value)) for name, value in parameters.items()],
    )
    client.log_inputs(run_id, [_dataset(lineage)])
    known = vars(lineage) | {"counts": dict(lineage.counts), "recipe": dict(lineage.recipe)}
    client.log_dict(run_id, {"lineage": known}, LINEAGE)


def _dataset(lineage: Lineage) -> Any:
    """Return the training set as MLflow's interface shows inputs of a run."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    dataset = Dataset(
        name=lineage.training_set,
        digest=lineage.manifest_digest,
        source_type="local" if lineage.training_set_uri.startswith("file:") else "s3",
        source=json.dumps({"uri": lineage.training_set_uri}),
        profile=json.dumps(dict(lineage.counts)),
    )
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])


def _end_killed_runs(client: MlflowClient, settings: Settings, fingerprint: str) -> None:
    """Close the runs that a killed training of the same inputs left open."""
    query = f"tags.{FINGERPRINT} = '{fingerprint}' and attributes.status = 'RUNNING'"
    for run in client.search_runs([experiment_id(client, settings)], query):
        client.set_terminated(run.info.run_id, status="KILLED")


def _version(client: MlflowClient, version: str | int) -> ModelVersion:
    from mlflow.exceptions import MlflowException

    try:
        return client.get_model_version(MODEL, str(version))
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise
        raise MissingArtifactError(
            f"MLflow has no version {version} of model {MODEL}",
            remedy="restore the MLflow store, or clear `train` of the night that made it, and what follows",
        ) from error


def _load(client: MlflowClient, version: ModelVersion, kind: Kind) -> Recommender:
    from mlflow.exceptions import MlflowException

    where = f"{kind}/{FILE} of version {version.version}"
    remedy = "restore MLflow's artifacts, or clear `train` of the night that made it, and what follows"
    with tempfile.TemporaryDirectory() as scratch:
        try:
            path = Path(client.download_artifacts(version.run_id, f"{kind}/{FILE}", scratch))
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
        except (MlflowException, OSError) as error:
            raise MissingArtifactError(f"{where} cannot be read: {error}", remedy=remedy) from error
        expected = version.tags.get(_digest_tag(kind))
        if digest != expected:
            raise MissingArtifactError(f"{where} has SHA-256 {digest}, registered was {expected}", remedy=remedy)
        try:
            return Recommender.load(path.parent)
        except (zipfile.BadZipFile, KeyError, ValueError) as error:
            raise MissingArtifactError(f"{where} is no model: {error}", remedy=remedy) from error


def _digest_tag(kind: Kind) -> str:
    return f"sha256_{kind}"
