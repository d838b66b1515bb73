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
from tests.jobs.nights import commit_training_set, with_policy


def run(settings: Settings, folder: str) -> Any:
    return train.run(settings, train.TrainConfig(folder))["model_version"]


def test_training_again_reuses_the_version(tracked: Settings, lake: Lake, caplog: pytest.LogCaptureFixture) -> None:
    settings, folder = with_policy(tracked), commit_training_set(lake)
    with caplog.at_level(logging.INFO):
        version = run(settings, folder)
    assert "serving epoch 1 of 1" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.INFO):
        assert run(settings, f"{folder}/") == version
    assert "nothing to do" in caplog.text and "epoch" not in caplog.text
    evaluation, serving = (load_model(settings, version, kind) for kind in ("evaluation", "serving"))
    assert "user_id:u00" in evaluation.user.names
    assert not np.array_equal(evaluation.item.biases, serving.item.biases)


def test_another_policy_and_another_training_set_are_other_versions(tracked: Settings, lake: Lake) -> None:
    first, second = commit_training_set(lake), commit_training_set(lake, seed=1, tag="other")
    versions = [
        run(with_policy(tracked), first),
        run(with_policy(tracked, model={"dimensions": 4}), first),
        run(with_policy(tracked), second),
    ]
    assert len(set(versions)) == 3
    assert run(with_policy(tracked), first) == versions[0]


def test_a_version_that_was_lost_is_trained_again_to_the_same_factors(tracked: Settings, lake: Lake) -> None:
    settings, folder = with_policy(tracked), commit_training_set(lake)
    version = run(settings, folder)
    expected = load_model(settings, version, "serving")
    for file in Path(settings.home, "mlflow", "artifacts").rglob("evaluation/factors.npz"):
        file.unlink()
    again = run(settings, folder)
    assert again != version
    np.testing.assert_array_equal(load_model(settings, again, "serving").user.embeddings, expected.user.embeddings)


def test_a_training_set_that_is_not_there_is_named(tracked: Settings) -> None:
    with pytest.raises(MissingArtifactError, match="training_sets/nothing"):
        run(with_policy(tracked), "training_sets/nothing")
