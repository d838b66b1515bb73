"""The watch's policy is read strictly, and a file may override any of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.drift_policy import load_drift_policy
from include.errors import ConfigurationError


def test_a_file_overrides_single_settings(tmp_path: Path) -> None:
    file = tmp_path / "drift.yaml"
    file.write_text("rollback: {ask_people_above: 0}\n")
    policy = load_drift_policy(file)
    assert policy.rollback.ask_people_above == 0
    assert policy.results == load_drift_policy().results


@pytest.mark.parametrize(
    ("text", "named"), [("results: {alarm: -1}", "results.alarm"), ("retrain: {days: 3}", "retrain.days")]
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "drift.yaml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=named):
        load_drift_policy(file)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="NIGHTSHELF_DRIFT_POLICY"):
        load_drift_policy(tmp_path / "gone.yaml")
