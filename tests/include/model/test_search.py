"""Which settings a search may change, and the model with such settings."""

from __future__ import annotations

import numpy as np
import pytest

from include.model import find_trainer
from include.model.search import in_stages, searched, settings_of, with_settings
from include.model_policy import BlendPolicy, ModelPolicy, SearchRange
from include.policy import load_policy
from tests.include.model.worlds import make_policy, make_world

SPACE = {
    "ials.dimensions": SearchRange(choices=(16, 32)),
    "ials.regularization": SearchRange(low=0.02, high=0.1, log=True),
    "lightfm_hybrid.item_alpha": SearchRange(low=0.001, high=0.1, log=True),
    "spark_als.alpha": SearchRange(low=1, high=40),
}


def blend(**members: object) -> BlendPolicy:
    model = load_policy({"model": {"members": members}}).model
    assert isinstance(model, BlendPolicy)
    return model


def test_the_space_is_that_of_the_model_and_holds_its_own_values() -> None:
    space = searched(blend(), SPACE)
    assert set(space) == set(SPACE) - {"spark_als.alpha"}
    assert space["ials.dimensions"].choices == (16, 32, 64)
    assert space["ials.regularization"].values == (0.01, 0.1) and space["ials.regularization"].log
    assert space["lightfm_hybrid.item_alpha"].values == (0.0, 0.1) and not space["lightfm_hybrid.item_alpha"].log
    assert searched(make_policy(trainer="popularity"), SPACE) == {}


def test_settings_are_laid_over_members_and_over_a_model_alone() -> None:
    found = {"ials.dimensions": 16, "ials.regularization": 0.05}
    for model in (blend(), make_policy(trainer="ials")):
        changed = with_settings(model, found)
        assert settings_of(changed, found) == found
        assert type(changed) is type(model) and changed.trainer == model.trainer
        assert with_settings(changed, settings_of(model, found)) == model


@pytest.mark.parametrize(
    ("model", "stages", "epochs"),
    [
        (blend(), 3, {"ials.epochs": 4, "ials.refit_epochs": 4, "lightfm_hybrid.epochs": 2}),
        (blend(), 5, {"ials.epochs": 4, "ials.refit_epochs": 2, "lightfm_hybrid.refit_epochs": 1}),
        (blend(lightfm_hybrid={"epochs": 2}), 2, {"ials.epochs": 6, "lightfm_hybrid.epochs": 1}),
        (blend(spark_als={}, ials=None), 1, {"spark_als.epochs": 12, "lightfm_hybrid.epochs": 6}),
    ],
)
def test_the_epochs_are_shared_out(model: ModelPolicy, stages: int, epochs: dict[str, int]) -> None:
    staged, count = in_stages(model, stages)
    assert count == stages and settings_of(staged, epochs) == epochs


@pytest.mark.parametrize("trainer", ["ials", "blend"])
def test_training_in_stages_is_one_whole_training(trainer: str) -> None:
    world = make_world()
    members = {"lightfm_hybrid": None, "ials": {"dimensions": 8, "epochs": 6}}
    own = {"dimensions": 8, "epochs": 6} if trainer == "ials" else {"members": members}
    whole = load_policy({"model": {"trainer": trainer, **own}}).model
    staged, count = in_stages(whole, 3)
    *_, (_, last) = find_trainer(trainer).stages(world, staged, lambda *_: None, ["early"] * count)
    once = find_trainer(trainer).fit(world, whole, periods=("early",))["early"]
    np.testing.assert_array_equal(last.members["ials"].item.embeddings, once.members["ials"].item.embeddings)
    assert last.terms == once.terms
