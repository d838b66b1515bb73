"""What every model must do, whatever it is."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from include.errors import InputError
from include.features import Period, TrainingSet
from include.features.matrix import FeatureMatrix
from include.model import Recommender, find_trainer
from include.model.interactions import NoInteractionsError
from include.model.recommender import standardised
from include.model_policy import ModelPolicy
from tests.include.model.worlds import N_ITEMS, N_USERS, make_policy, make_world, with_weights

Fit = Callable[[TrainingSet], Recommender]


SPARK = "spark_als"  # has a cluster of its own: test_spark_als.py
KINDS = [get_args(kind.model_fields["trainer"].annotation)[0] for kind in get_args(get_args(ModelPolicy)[0])]
TRAINERS = [name for name in KINDS if name != SPARK]
# What a trainer's policy needs beside the defaults
SMALL = {"dimensions": 8, "learning_rate": 0.1}
POLICIES: dict[str, dict[str, object]] = {
    "lightfm_hybrid": {},
    "ials": {"trainer": "ials", "dimensions": 8},
    "blend": {"trainer": "blend", "members": {"lightfm_hybrid": SMALL, "ials": {"dimensions": 8}}},
    "popularity": {"trainer": "popularity"},
}
PERIODS: tuple[Period, ...] = ("before", "all")


@pytest.fixture(scope="module", params=[(name, period) for name in TRAINERS for period in PERIODS], ids="-".join)
def fit(request: pytest.FixtureRequest) -> Fit:
    name, period = request.param
    return lambda world: find_trainer(name).fit(world, make_policy(**POLICIES[name]))[period]


@pytest.fixture(scope="module")
def world() -> TrainingSet:
    return make_world()


@pytest.fixture(scope="module")
def model(fit: Fit, world: TrainingSet) -> Recommender:
    return fit(world)


def test_no_two_trainers_share_a_recipe() -> None:
    assert len({find_trainer(name).RECIPE for name in KINDS}) == len(KINDS)


def test_shapes_types_and_finite_numbers(model: Recommender, world: TrainingSet) -> None:
    users, items = model.factors(world.at("all"))
    assert users.vectors.shape[0] == len(users.biases) == len(users.known) == N_USERS
    assert items.vectors.shape[0] == len(items.biases) == len(items.known) == N_ITEMS
    assert users.vectors.shape[1] == items.vectors.shape[1]
    for side in (users, items):
        assert side.vectors.dtype == side.biases.dtype == np.float32
        assert np.isfinite(side.vectors).all() and np.isfinite(side.biases).all()
    assert not users.biases.any()


def test_every_member_has_a_weight_and_its_scores_a_standard_deviation_of_one(
    model: Recommender, world: TrainingSet
) -> None:
    assert set(model.terms.members) == set(model.members)
    for member in model.members.values():
        users, items = standardised(member, world.at("all"))
        scores = users.vectors[users.known] @ items.vectors[items.known].T
        np.testing.assert_allclose(scores.std(axis=1), 1, rtol=1e-4)


def test_the_same_input_gives_the_same_bytes(fit: Fit, model: Recommender, world: TrainingSet, tmp_path: Path) -> None:
    again = fit(world)
    assert again.save(tmp_path / "b").read_bytes() == model.save(tmp_path / "a").read_bytes()


def test_strangers_get_factors_from_the_features_they_share(model: Recommender, world: TrainingSet) -> None:
    strangers = replace(
        world.at("all"),
        user_features=_renamed(world.user_features, "user_id:"),
        item_features=_renamed(world.item_features, "item_id:"),
    )
    for name, member in model.members.items():
        users, items = standardised(member, strangers)
        scores = users.vectors @ items.vectors.T
        assert scores[0, 0] > scores[0, -1] and scores[-1, -1] > scores[-1, 0], name


def test_rows_of_which_nothing_is_known_say_so(model: Recommender, world: TrainingSet) -> None:
    strangers = FeatureMatrix(world.user_features.matrix, np.char.add("other-", world.user_features.names))
    empty = replace(world.at("all"), user_features=strangers, history=world.at("all").history * 0)
    empty.history.eliminate_zeros()
    users, _ = model.factors(empty)
    assert not users.known.any() and not users.vectors.any()


def test_it_survives_saving(model: Recommender, world: TrainingSet, tmp_path: Path) -> None:
    model.save(tmp_path)
    loaded = Recommender.load(tmp_path)
    assert loaded.terms == model.terms
    for mine, theirs in zip(model.factors(world.at("all")), loaded.factors(world.at("all")), strict=True):
        np.testing.assert_array_equal(mine.vectors, theirs.vectors)
        np.testing.assert_array_equal(mine.biases, theirs.biases)
        np.testing.assert_array_equal(mine.known, theirs.known)


def test_nothing_to_learn_from_is_refused_by_name(fit: Fit, world: TrainingSet) -> None:
    nothing = world.interactions.weights["before"] * 0
    with pytest.raises(NoInteractionsError, match="'before' of 40 users and 30 items are empty"):
        fit(with_weights(world, before=nothing))


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
def test_a_weight_that_is_no_positive_number_is_named(fit: Fit, world: TrainingSet, value: float) -> None:
    pairs = world.interactions
    place = int(np.flatnonzero(pairs.users == 7)[0])
    broken = pairs.weights["before"].copy()
    broken[place] = value
    with pytest.raises(InputError, match=rf"user_index 7, item_index {pairs.items[place]} weighs"):
        fit(with_weights(world, before=broken))


def test_shapes_that_do_not_belong_together_are_refused(fit: Fit, world: TrainingSet) -> None:
    short = FeatureMatrix(world.item_features.matrix[:29], world.item_features.names)
    with pytest.raises(InputError, match=r"\(40, 29\)"):
        fit(replace(world, item_features=short))


def _renamed(features: FeatureMatrix, identity: str) -> FeatureMatrix:
    return FeatureMatrix(features.matrix, np.char.replace(features.names, identity, f"{identity}new-"))
