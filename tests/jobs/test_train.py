import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from include.errors import MissingArtifactError
from include.lake import Lake
from include.settings import Settings
from include.tracking import load_model
from jobs import train
from tests.databases import Database
from tests.jobs.nights import commit_training_set, with_policy

pytestmark = pytest.mark.postgres


def run(settings: Settings, folder: str) -> Any:
    return train.run(settings, train.TrainConfig(folder))["model_version"]


def test_training_again_reuses_the_version(
    tracked: Settings, database: Database, lake: Lake, caplog: pytest.LogCaptureFixture
) -> None:
    settings, folder = with_policy(tracked, database), commit_training_set(lake)
    with caplog.at_level(logging.INFO):
        version = run(settings, folder)
    assert "lightfm_hybrid, all: epoch 1 of 1" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.INFO):
        assert run(settings, f"{folder}/") == version
    assert "nothing to do" in caplog.text and "epoch" not in caplog.text
    kinds = ("evaluation", "serving")
    evaluation, serving = (load_model(settings, version, kind).members["lightfm_hybrid"] for kind in kinds)
    assert "user_id:u00" in evaluation.user.names
    assert not np.array_equal(evaluation.item.biases, serving.item.biases)


def test_another_policy_and_another_training_set_are_other_versions(
    tracked: Settings, database: Database, lake: Lake
) -> None:
    first, second = commit_training_set(lake), commit_training_set(lake, seed=1, tag="other")
    versions = [
        run(with_policy(tracked, database), first),
        run(with_policy(tracked, database, model={"dimensions": 4}), first),
        run(with_policy(tracked, database), second),
    ]
    assert len(set(versions)) == 3
    assert run(with_policy(tracked, database), first) == versions[0]


def test_a_version_that_was_lost_is_trained_again_to_the_same_factors(
    tracked: Settings, database: Database, lake: Lake
) -> None:
    settings, folder = with_policy(tracked, database), commit_training_set(lake)
    version = run(settings, folder)
    expected = load_model(settings, version, "serving")
    for file in Path(settings.home, "mlflow", "artifacts").rglob("evaluation/factors.npz"):
        file.unlink()
    again = run(settings, folder)
    assert again != version
    found = load_model(settings, again, "serving")
    for mine, other in zip(found.members.values(), expected.members.values(), strict=True):
        np.testing.assert_array_equal(mine.user.embeddings, other.user.embeddings)


def test_a_training_set_that_is_not_there_is_named(tracked: Settings, database: Database) -> None:
    with pytest.raises(MissingArtifactError, match="training_sets/nothing"):
        run(with_policy(tracked, database), "training_sets/nothing")
