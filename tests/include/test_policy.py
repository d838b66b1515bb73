"""The policy: defaults, overrides in their order, and errors that name the setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.errors import ConfigurationError
from include.policy import load_policy


def test_the_file_wins_over_the_mapping_and_the_mapping_over_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("ranking: {top_n: 7}\n")
    policy = load_policy({"ranking": {"top_n": 5, "fallback_items": 9}}, file=file)
    assert (policy.ranking.top_n, policy.ranking.fallback_items) == (7, 9)
    assert policy.model == load_policy().model


def test_equal_policies_have_equal_fingerprints() -> None:
    assert load_policy().fingerprint() == load_policy().fingerprint()
    assert load_policy({"model": {"seed": 1}}).fingerprint() != load_policy().fingerprint()


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ({"model": {"epochs": 0}}, "model.epochs is 0"),
        ({"model": {"epoch": 3}}, "model.epoch is 3"),
        ({"ranking": 3}, "section 'ranking' is 3"),
    ],
)
def test_a_wrong_setting_is_named(override: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        load_policy(override)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="NIGHTSHELF_POLICY"):
        load_policy(file=tmp_path / "nope.yaml")
