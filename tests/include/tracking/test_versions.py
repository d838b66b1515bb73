"""Versions on a real MLflow store: whole or not at all."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from include.errors import MissingArtifactError
from include.settings import Settings
from include.tracking import find_version, load_model, log_metrics, register
from include.tracking.store import MODEL, tracking
from tests.include.tracking.made import make_lineage, make_model


def make_version(store: Settings, fingerprint: str, value: float = 1.0) -> int:
    models = {"evaluation": make_model(value), "serving": make_model(-value)}
    return register(store, models, make_lineage(fingerprint), {"epochs": 3}, {"fit_seconds": 1.5})


def artifact(store: Settings, version: int, path: str) -> Path:
    with tracking(store) as client:
        run = client.get_run(client.get_model_version(MODEL, str(version)).run_id)
        return Path(urlsplit(run.info.artifact_uri).path, path)


def test_a_registered_version_is_found_and_loaded(store: Settings) -> None:
    version = make_version(store, "found", 2.0)
    assert find_version(store, "found") == version
    assert load_model(store, version, "evaluation").members["made"].user.embeddings.tolist() == [[2.0, 2.0]]
    assert load_model(store, str(version), "serving").members["made"].user.embeddings.tolist() == [[-2.0, -2.0]]
    assert find_version(store, "something-else") is None


def test_the_run_says_what_the_version_was_made_from(store: Settings) -> None:
    version = make_version(store, "lineage")
    with tracking(store) as client:
        found = client.get_model_version(MODEL, str(version))
        run = client.get_run(found.run_id)
        files = {
            entry.path for kind in ("evaluation", "serving") for entry in client.list_artifacts(found.run_id, kind)
        }
    assert run.info.status == "FINISHED"
    assert run.data.params == {"epochs": "3"}
    assert run.data.metrics == {"fit_seconds": 1.5}
    assert run.data.tags["run_date"] == found.tags["run_date"] == "2026-01-31"
    (used,) = run.inputs.dataset_inputs
    assert (used.dataset.name, used.dataset.digest) == ("training_sets/2026-01-31-abc", "abc")
    assert "file:///lake/training_sets/2026-01-31-abc" in used.dataset.source
    assert files == {"evaluation/factors.npz", "serving/factors.npz"}


@pytest.mark.parametrize("step", ["log_artifact", "set_terminated", "create_model_version"])
def test_a_training_killed_half_way_leaves_no_version(
    store: Settings, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    class Killed(BaseException):
        """As a signal would end it: nothing catches this."""

    def die(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(MlflowClient, step, die)
        make_version(store, f"killed-{step}")
    assert find_version(store, f"killed-{step}") is None
    version = make_version(store, f"killed-{step}")
    assert find_version(store, f"killed-{step}") == version
    with tracking(store) as client:
        experiment = client.get_experiment_by_name("nightshelf").experiment_id
        runs = client.search_runs([experiment], f"tags.fingerprint = 'killed-{step}'")
    expected = "FINISHED" if step == "create_model_version" else "KILLED"
    assert sorted(run.info.status for run in runs) == sorted(["FINISHED", expected])


@pytest.mark.parametrize("kind", ["evaluation", "serving"])
def test_a_version_whose_artifact_is_gone_is_not_reused(store: Settings, kind: Any) -> None:
    version = make_version(store, f"gone-{kind}")
    artifact(store, version, f"{kind}/factors.npz").unlink()
    with pytest.raises(MissingArtifactError, match=rf"{kind}/factors.npz of version {version} cannot be read"):
        load_model(store, version, kind)
    assert find_version(store, f"gone-{kind}") is None
    again = make_version(store, f"gone-{kind}")
    assert find_version(store, f"gone-{kind}") == again != version


def test_a_damaged_artifact_is_noticed(store: Settings) -> None:
    version = make_version(store, "damaged")
    path = artifact(store, version, "serving/factors.npz")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(MissingArtifactError, match="SHA-256"):
        load_model(store, version, "serving")
    assert find_version(store, "damaged") is None


def test_the_oldest_whole_version_is_found(store: Settings) -> None:
    first, second = make_version(store, "twice"), make_version(store, "twice")
    assert first < second
    assert find_version(store, "twice") == first


@pytest.mark.parametrize("version", ["999999", "no-number"])
def test_a_version_that_is_not_there_is_named(store: Settings, version: str) -> None:
    with pytest.raises(MissingArtifactError, match=f"no version {version} of model nightshelf"):
        load_model(store, version, "serving")


def test_metrics_of_the_evaluation_reach_the_run(store: Settings) -> None:
    version = make_version(store, "measured")
    for recall in (0.1, 0.2):
        log_metrics(store, version, {"recall": recall}, {"evaluation": "evaluations/x"})
    with tracking(store) as client:
        run = client.get_run(client.get_model_version(MODEL, str(version)).run_id)
    assert run.data.metrics["recall"] == 0.2
    assert run.data.tags["evaluation"] == "evaluations/x"


def test_equal_models_are_equal_files(store: Settings) -> None:
    one, two = make_version(store, "bytes-1"), make_version(store, "bytes-2")
    files = [artifact(store, version, "serving/factors.npz").read_bytes() for version in (one, two)]
    assert files[0] == files[1]
    assert np.load(artifact(store, one, "serving/factors.npz"))["made/user_biases"].tolist() == [0.0]
