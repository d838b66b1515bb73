"""The policy: defaults, overrides in their order, and errors that name the setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.errors import ConfigurationError
from include.policy import Policy, PopularityPolicy, load_policy


def test_the_file_wins_over_the_mapping_and_the_mapping_over_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("ranking: {top_n: 7}\n")
    policy = load_policy({"ranking": {"top_n": 5, "fallback_items": 9}}, file=file)
    assert (policy.ranking.top_n, policy.ranking.fallback_items) == (7, 9)
    assert policy.model == load_policy().model


def test_equal_policies_have_equal_fingerprints() -> None:
    assert load_policy().fingerprint() == load_policy().fingerprint()
    assert load_policy({"model": {"seed": 1}}).fingerprint() != load_policy().fingerprint()


def test_fingerprints_of_the_defaults_stay_because_versions_and_batches_are_named_by_them() -> None:
    policy = load_policy()
    assert {name: getattr(policy, name).fingerprint() for name in Policy.model_fields} == {
        "features": "9db2aefe22c0",
        "model": "6de4820664ac",
        "evaluation": "528270a950f6",
        "gate": "40ef8fdc4449",
        "ranking": "88c0f1948cbe",
        "publish": "2c93641b010d",
        "quality": "571db2ad4212",
    }
    assert "trainer" not in policy.model.model_dump()


def test_another_trainer_has_settings_of_its_own() -> None:
    popularity = {"trainer": "popularity", "popularity_weight": 2}
    policy = load_policy({"model": popularity}, {"model": {"popularity_weight": 1}})
    assert policy.model == PopularityPolicy(trainer="popularity", popularity_weight=1)
    assert load_policy({"model": {"trainer": "lightfm_hybrid"}}) == load_policy()


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ({"model": {"epochs": 0}}, "model.epochs is 0"),
        ({"model": {"epoch": 3}}, "model.epoch is 3"),
        ({"model": {"trainer": "popularity", "epochs": 3}}, "model.popularity_weight|model.epochs is 3"),
        ({"model": {"trainer": "oracle"}}, "'oracle' found using 'trainer' does not match .*'lightfm_hybrid'"),
        ({"ranking": 3}, "section 'ranking' is 3"),
    ],
)
def test_a_wrong_setting_is_named(override: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        load_policy(override)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="NIGHTSHELF_POLICY"):
        load_policy(file=tmp_path / "nope.yaml")
