from dataclasses import replace

import numpy as np

from include.features import Period, TrainingSet
from include.features.matrix import FeatureMatrix
from include.model import find_trainer
from include.model.factors import HybridModel
from tests.include.model.worlds import N_ITEMS, N_USERS, make_policy, make_world, with_weights


def fit(world: TrainingSet, **changes: object) -> dict[Period, HybridModel]:
    policy = make_policy(trainer="ials", dimensions=8, **changes)
    return {period: each.members["ials"] for period, each in find_trainer("ials").fit(world, policy).items()}


def test_it_learns_the_tastes_and_new_rows_have_those_of_their_features() -> None:
    world = make_world()
    users, items = fit(world)["all"].describe(world.at("all"))
    scores, half_u, half_i = users.vectors @ items.vectors.T, N_USERS // 2, N_ITEMS // 2
    assert scores[:half_u, :half_i].mean() > scores[:half_u, half_i:].mean() + 0.2
    assert scores[half_u:, half_i:].mean() > scores[half_u:, :half_i].mean() + 0.2
    # The last user and the last item have no history.
    assert scores[-1, half_i:].mean() > scores[-1, :half_i].mean()
    assert scores[half_u:, -1].mean() > scores[:half_u, -1].mean()


def test_the_user_side_is_not_kept_and_follows_from_the_history() -> None:
    world = make_world()
    model, snapshot = fit(world)["all"], world.at("all")
    assert not [name for name in model.user.names if name.startswith("user_id:")]
    users, _ = model.describe(snapshot)
    stranger = FeatureMatrix(snapshot.user_features.matrix, np.char.add("new-", snapshot.user_features.names))
    found, _ = model.describe(replace(snapshot, user_features=stranger))
    assert found.known.tolist() == [True] * (N_USERS - 1) + [False]
    np.testing.assert_allclose(found.vectors[:-1], users.vectors[:-1], atol=1e-3)


def test_new_events_of_a_known_user_move_the_vector() -> None:
    world = make_world()
    model, snapshot = fit(world)["all"], world.at("all")
    history = snapshot.history.tolil()
    history[0] = 0
    history[0, N_ITEMS // 2 : N_ITEMS - 1] = 1.0
    users, items = model.describe(snapshot)
    moved, _ = model.describe(replace(snapshot, history=history.tocsr()))
    taste = items.vectors[N_ITEMS // 2 :].mean(axis=0) - items.vectors[: N_ITEMS // 2].mean(axis=0)
    assert users.vectors[0] @ taste < 0 < moved.vectors[0] @ taste
    np.testing.assert_array_equal(moved.vectors[1:], users.vectors[1:])


def test_the_evaluation_model_never_sees_what_comes_after() -> None:
    world = make_world()
    before_only, with_holdout = fit(with_weights(world, all=world.interactions.weights["before"])), fit(world)
    np.testing.assert_array_equal(before_only["before"].item.embeddings, with_holdout["before"].item.embeddings)
    assert not np.array_equal(before_only["all"].item.embeddings, with_holdout["all"].item.embeddings)


def test_features_matter_less_the_higher_their_ridge() -> None:
    world = make_world()
    lengths = [np.linalg.norm(fit(world, item_feature_ridge=ridge)["all"].item.constant) for ridge in (0.1, 1e6)]
    assert lengths[0] > 10 * lengths[1]


def test_users_with_a_history_are_pulled_to_their_features_where_that_is_asked_for() -> None:
    world = make_world()
    free, pulled = (fit(world, user_prior=share)["all"].describe(world.at("all"))[0] for share in (0.0, 1.0))
    assert not np.allclose(free.vectors[0], pulled.vectors[0], atol=1e-3)
