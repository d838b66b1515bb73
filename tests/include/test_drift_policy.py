"""The watch's policy is read strictly, and a file may override any of it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from include.drift_policy import load_drift_policy
from include.errors import ConfigurationError


def test_a_file_overrides_single_settings(tmp_path: Path) -> None:
    file = tmp_path / "drift.yaml"
    file.write_text("rollback: {ask_people_above: 0}\n")
    policy = load_drift_policy(file=file)
    assert policy.rollback.ask_people_above == 0
    assert policy.results == load_drift_policy().results


def test_known_days_are_told_by_date(tmp_path: Path) -> None:
    file = tmp_path / "drift.yaml"
    file.write_text("known_days: {2026-11-27: Black Friday, 2026-12-25: closed}\n")
    policy = load_drift_policy(file=file)
    assert policy.known_days == {dt.date(2026, 11, 27): "Black Friday", dt.date(2026, 12, 25): "closed"}
    assert policy.fingerprint() != load_drift_policy().fingerprint()
    file.write_text("known_days: {Black Friday: 2026-11-27}\n")
    with pytest.raises(ConfigurationError, match="known_days"):
        load_drift_policy(file=file)


@pytest.mark.parametrize(
    ("text", "named"), [("results: {alarm: -1}", "results.alarm"), ("retrain: {days: 3}", "retrain.days")]
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "drift.yaml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=named):
        load_drift_policy(file=file)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="NIGHTSHELF_DRIFT_POLICY"):
        load_drift_policy(file=tmp_path / "gone.yaml")
