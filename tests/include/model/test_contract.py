"""What every model must do, whatever it is."""

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from scipy import sparse

from include.errors import InputError
from include.features.matrix import FeatureMatrix
from include.model import find_trainer
from include.model.factors import HybridModel
from include.model.interactions import NoInteractionsError
from include.policy import ModelPolicy
from tests.include.model.worlds import N_ITEMS, N_USERS, World, make_features, make_policy, make_world

Fit = Callable[[World], HybridModel]


TRAINERS = [get_args(kind.model_fields["trainer"].annotation)[0] for kind in get_args(get_args(ModelPolicy)[0])]
# What a trainer's policy needs beside the defaults
POLICIES = {"lightfm_hybrid": {}, "popularity": {"trainer": "popularity", "popularity_weight": 1.0}}


@pytest.fixture(
    scope="module", params=[(name, part) for name in TRAINERS for part in ("evaluation", "serving")], ids="-".join
)
def fit(request: pytest.FixtureRequest) -> Fit:
    name, part = request.param
    return lambda world: getattr(find_trainer(name).fit(*world, make_policy(**POLICIES[name])), part)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world()


@pytest.fixture(scope="module")
def model(fit: Fit, world: World) -> HybridModel:
    return fit(world)


def test_no_two_trainers_share_a_recipe() -> None:
    assert len({find_trainer(name).RECIPE for name in TRAINERS}) == len(TRAINERS)


def test_shapes_types_and_finite_numbers(model: HybridModel) -> None:
    for side in (model.user, model.item):
        assert side.embeddings.shape[0] == side.biases.shape[0] == len(side.names)
        assert side.embeddings.dtype == side.biases.dtype == np.float32
        assert np.isfinite(side.embeddings).all() and np.isfinite(side.biases).all()
        assert len(set(side.names)) == len(side.names)
    assert model.user.embeddings.shape[1] == model.item.embeddings.shape[1]


def test_describing_gives_one_vector_a_row(model: HybridModel, world: World) -> None:
    users, items = model.user.describe(world.users), model.item.describe(world.items)
    assert users.vectors.shape == (N_USERS, model.user.embeddings.shape[1])
    assert items.vectors.shape == (N_ITEMS, model.item.embeddings.shape[1])
    assert users.known.all() and items.known.all()
    assert np.isfinite(users.vectors @ items.vectors.T + items.biases).all()


def test_the_same_input_gives_the_same_bytes(fit: Fit, model: HybridModel, world: World, tmp_path: Path) -> None:
    again = fit(world)
    assert again.save(tmp_path / "b").read_bytes() == model.save(tmp_path / "a").read_bytes()


def test_a_row_without_interactions_is_described_by_its_features_alone(model: HybridModel, world: World) -> None:
    assert f"user_id:{N_USERS - 1}" not in model.user.names
    assert f"item_id:{N_ITEMS - 1}" not in model.item.names
    last = model.item.describe(world.items).vectors[-1]
    right = model.item.embeddings[list(model.item.names).index("category:right")]
    np.testing.assert_allclose(last, right / 2, rtol=1e-6)


def test_strangers_get_factors_from_the_features_they_share(model: HybridModel) -> None:
    strangers = make_features("user_id", 4, "segment")
    renamed = FeatureMatrix(strangers.matrix, np.char.replace(strangers.names, "user_id:", "user_id:new-"))
    factors = model.user.describe(renamed)
    left = model.user.embeddings[list(model.user.names).index("segment:left")]
    np.testing.assert_allclose(factors.vectors[0], left / 2, rtol=1e-6)
    assert factors.known.all()


def test_rows_of_which_nothing_is_known_are_zero_and_say_so(model: HybridModel) -> None:
    features = make_features("other", 2, "nothing")
    factors = model.user.describe(features)
    assert not factors.known.any() and not factors.vectors.any() and not factors.biases.any()


def test_it_survives_saving(model: HybridModel, world: World, tmp_path: Path) -> None:
    model.save(tmp_path)
    loaded = HybridModel.load(tmp_path)
    for mine, theirs in ((model.user, loaded.user), (model.item, loaded.item)):
        np.testing.assert_array_equal(mine.names, theirs.names)
        np.testing.assert_array_equal(mine.embeddings, theirs.embeddings)
        np.testing.assert_array_equal(mine.biases, theirs.biases)


def test_nothing_to_learn_from_is_refused_by_name(fit: Fit, world: World) -> None:
    nothing = sparse.csr_matrix(world.before.shape, dtype=np.float32)
    with pytest.raises(NoInteractionsError, match="'before' of 40 users and 30 items are empty"):
        fit(world._replace(before=nothing))


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, -1.0])
def test_a_weight_that_is_no_positive_number_is_named(fit: Fit, world: World, value: float) -> None:
    broken = world.before.copy()
    place = broken.indptr[7]
    broken.data[place] = value
    with pytest.raises(InputError, match=rf"user_index 7, item_index {broken.indices[place]} weighs"):
        fit(world._replace(before=broken))


def test_shapes_that_do_not_belong_together_are_refused(fit: Fit, world: World) -> None:
    with pytest.raises(InputError, match=r"\(40, 29\)"):
        fit(world._replace(before=world.before[:, :29]))
