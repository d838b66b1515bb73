import numpy as np
import pytest

from include.features import Period, TrainingSet
from include.features.matrix import FeatureMatrix
from include.model import find_trainer, lightfm_hybrid
from include.model.factors import HybridModel
from include.model.lightfm_hybrid import DivergedError
from tests.include.model.worlds import N_ITEMS, N_USERS, make_policy, make_world, with_weights

NAME = lightfm_hybrid.NAME


def fit(world: TrainingSet, **changes: object) -> dict[Period, HybridModel]:
    return {
        period: each.members[NAME] for period, each in find_trainer(NAME).fit(world, make_policy(**changes)).items()
    }


def test_it_learns_the_tastes() -> None:
    world = make_world()
    model = fit(world)["all"]
    users, items = model.user.describe(world.user_features), model.item.describe(world.item_features)
    scores = users.vectors @ items.vectors.T + items.biases
    half_u, half_i = N_USERS // 2, N_ITEMS // 2
    assert scores[:half_u, :half_i].mean() > scores[:half_u, half_i:].mean() + 0.5
    assert scores[half_u:, half_i:].mean() > scores[half_u:, :half_i].mean() + 0.5
    # The user without a history is in the right half by the segment alone.
    assert scores[-1, half_i:].mean() > scores[-1, :half_i].mean()


def test_a_row_without_interactions_is_described_by_its_features_alone() -> None:
    world = make_world()
    model = fit(world)["all"]
    assert f"user_id:{N_USERS - 1}" not in model.user.names
    assert f"item_id:{N_ITEMS - 1}" not in model.item.names
    last = model.item.describe(world.item_features).vectors[-1]
    right = model.item.embeddings[list(model.item.names).index("category:right")]
    np.testing.assert_allclose(last, right / 2, rtol=1e-6)


def test_a_stranger_is_described_by_the_features_that_are_known() -> None:
    world = make_world()
    model, features = fit(world)["all"], world.user_features
    renamed = FeatureMatrix(features.matrix, np.char.replace(features.names, "user_id:", "user_id:new-"))
    factors = model.user.describe(renamed)
    left = model.user.embeddings[list(model.user.names).index("segment:left")]
    np.testing.assert_allclose(factors.vectors[0], left / 2, rtol=1e-6)
    assert factors.known.all()


def test_the_evaluation_model_never_sees_what_comes_after() -> None:
    world = make_world()
    before_only, with_holdout = fit(with_weights(world, all=world.interactions.weights["before"])), fit(world)
    np.testing.assert_array_equal(before_only["before"].item.embeddings, with_holdout["before"].item.embeddings)
    assert not np.array_equal(before_only["all"].item.embeddings, with_holdout["all"].item.embeddings)


def test_the_seed_decides() -> None:
    world = make_world()
    one, two = (fit(world, seed=seed, epochs=1)["before"] for seed in (1, 2))
    assert not np.array_equal(one.user.embeddings, two.user.embeddings)


def test_a_large_weight_counts_as_one() -> None:
    world = make_world()
    clipped = {period: np.minimum(each, np.float32(1)) for period, each in world.interactions.weights.items()}
    expected, seen = (fit(each, epochs=2)["all"] for each in (with_weights(world, **clipped), world))
    np.testing.assert_array_equal(expected.item.embeddings, seen.item.embeddings)


def test_the_input_is_left_alone() -> None:
    world = make_world()
    copies = [world.interactions.weights["all"].copy(), world.user_features.matrix.copy()]
    fit(world, epochs=1)
    np.testing.assert_array_equal(world.interactions.weights["all"], copies[0])
    np.testing.assert_array_equal(world.user_features.matrix.data, copies[1].data)


def test_progress_tells_every_epoch() -> None:
    told: list[tuple[str, int, int]] = []
    policy = make_policy(epochs=2, refit_epochs=1)
    find_trainer(NAME).fit(make_world(), policy, lambda *epoch: told.append(epoch), ("early", "before", "all"))
    stages = [f"{NAME}, {period}" for period in ("early", "before", "all")]
    assert told == [(stages[0], 1, 2), (stages[0], 2, 2), (stages[1], 1, 1), (stages[2], 1, 1)]


def test_divergence_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from lightfm import LightFM

    once = LightFM.fit_partial

    def explode(self: LightFM, *arguments: object, **keywords: object) -> LightFM:
        once(self, *arguments, **keywords)
        self.item_embeddings[0] = np.inf
        self._check_finite()
        return self

    monkeypatch.setattr(LightFM, "fit_partial", explode)
    with pytest.raises(DivergedError, match=r"epoch 1 of 12 \(before\) with a learning_rate of 0.1") as caught:
        find_trainer(NAME).fit(make_world(), make_policy())
    assert "lower the learning_rate of lightfm_hybrid" in caught.value.remedy
    assert caught.value.exit_code == 3
