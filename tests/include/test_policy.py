"""The policy: defaults, overrides in their order, and errors that name the setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.errors import ConfigurationError
from include.model_policy import BlendPolicy, PopularityPolicy
from include.policy import Policy, load_policy


def test_the_file_wins_over_the_mapping_and_the_mapping_over_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("ranking: {top_n: 7}\n")
    policy = load_policy({"ranking": {"top_n": 5, "fallback_items": 9}}, file=file)
    assert (policy.ranking.top_n, policy.ranking.fallback_items) == (7, 9)
    assert policy.model == load_policy().model


def test_equal_policies_have_equal_fingerprints() -> None:
    assert load_policy().fingerprint() == load_policy().fingerprint()
    assert load_policy({"model": {"learn": False}}).fingerprint() != load_policy().fingerprint()


OF_NO_ARTIFACT = ("tuning", "retention", "placements")


def test_fingerprints_of_the_defaults_stay_because_versions_and_batches_are_named_by_them() -> None:
    policy = load_policy()
    assert {
        name: getattr(policy, name).fingerprint() for name in Policy.model_fields if name not in OF_NO_ARTIFACT
    } == {
        "features": "9db2aefe22c0",
        "model": "8647882a8839",
        "evaluation": "499e6112bfe4",
        "gate": "68fc0ac55e54",
        "ranking": "88c0f1948cbe",
        "lists": "87008559a396",
        "publish": "a6a736cb27d6",
        "sales": "6c45d678816c",
        "quality": "b93290d01e6e",
    }
    assert "trainer" not in policy.model.model_dump()


def test_settings_from_before_the_blend_are_those_of_its_hybrid() -> None:
    old = load_policy({"model": {"dimensions": 16, "epochs": 8, "refit_epochs": 3}}).model
    new = load_policy({"model": {"members": {"lightfm_hybrid": {"dimensions": 16, "epochs": 8, "refit_epochs": 3}}}})
    assert old == new.model and old != load_policy().model
    with pytest.raises(ConfigurationError, match=r"model\.epochs is 0"):
        load_policy({"model": {"members": {"lightfm_hybrid": None}, "epochs": 0}})


def test_another_trainer_has_settings_of_its_own() -> None:
    policy = load_policy({"model": {"trainer": "popularity"}}, {"model": {}})
    assert policy.model == PopularityPolicy(trainer="popularity")
    assert load_policy({"model": {"trainer": "blend"}}) == load_policy()


def test_the_settings_of_a_blends_members_are_laid_over_each_other() -> None:
    members = {"lightfm_hybrid": {"learning_rate": 0.3}, "spark_als": {}}
    model = load_policy({"model": {"members": members}}, {"model": {"members": {"ials": None}}}).model
    assert isinstance(model, BlendPolicy)
    assert set(model.members.chosen) == {"lightfm_hybrid", "spark_als"}
    hybrid = model.members.lightfm_hybrid
    assert hybrid is not None and (hybrid.learning_rate, hybrid.dimensions) == (0.3, 32)
    assert load_policy({"ranking": {"seen": {"cart": 7}}}).ranking.seen_rules == {"cart": 7}


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ({"model": {"members": {"ials": {"epochs": 0}}}}, "model.members.ials.epochs is 0"),
        ({"model": {"epoch": 3}}, "model.epoch is 3"),
        ({"model": {"members": {"lightfm_hybrid": None, "ials": None}}}, "a blend has at least one member"),
        ({"model": {"trainer": "popularity", "epochs": 3}}, "model.epochs is 3"),
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
