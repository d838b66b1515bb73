import numpy as np
import pytest

from include.model import lightfm_hybrid
from include.model.lightfm_hybrid import DivergedError
from tests.include.model.worlds import N_ITEMS, N_USERS, make_policy, make_world


def test_it_learns_the_tastes() -> None:
    world = make_world()
    model = lightfm_hybrid.fit(*world, make_policy()).serving
    users, items = model.user.describe(world.users), model.item.describe(world.items)
    scores = users.vectors @ items.vectors.T + items.biases
    half_u, half_i = N_USERS // 2, N_ITEMS // 2
    assert scores[:half_u, :half_i].mean() > scores[:half_u, half_i:].mean() + 0.5
    assert scores[half_u:, half_i:].mean() > scores[half_u:, :half_i].mean() + 0.5
    # The user without a history is in the right half by the segment alone.
    assert scores[-1, half_i:].mean() > scores[-1, :half_i].mean()


def test_the_evaluation_model_never_sees_what_comes_after() -> None:
    world = make_world()
    before_only = lightfm_hybrid.fit(*world._replace(everything=world.before), make_policy())
    with_holdout = lightfm_hybrid.fit(*world, make_policy())
    np.testing.assert_array_equal(before_only.evaluation.item.embeddings, with_holdout.evaluation.item.embeddings)
    assert not np.array_equal(before_only.serving.item.embeddings, with_holdout.serving.item.embeddings)


def test_the_seed_decides() -> None:
    world = make_world()
    one, two = (lightfm_hybrid.fit(*world, make_policy(seed=seed, epochs=1)).evaluation for seed in (1, 2))
    assert not np.array_equal(one.user.embeddings, two.user.embeddings)


def test_a_large_weight_counts_as_one() -> None:
    world = make_world()
    clipped = world._replace(before=world.before.minimum(1).tocsr(), everything=world.everything.minimum(1).tocsr())
    expected, seen = (lightfm_hybrid.fit(*each, make_policy(epochs=2)).serving for each in (clipped, world))
    np.testing.assert_array_equal(expected.item.embeddings, seen.item.embeddings)


def test_the_input_is_left_alone() -> None:
    world = make_world()
    copies = [world.before.copy(), world.everything.copy(), world.users.matrix.copy()]
    lightfm_hybrid.fit(*world, make_policy(epochs=1))
    for mine, copy in zip([world.before, world.everything, world.users.matrix], copies, strict=True):
        np.testing.assert_array_equal(mine.data, copy.data)


def test_progress_tells_every_epoch() -> None:
    told: list[tuple[str, int, int]] = []
    lightfm_hybrid.fit(*make_world(), make_policy(epochs=2, refit_epochs=1), lambda *epoch: told.append(epoch))
    assert told == [("evaluation", 1, 2), ("evaluation", 2, 2), ("serving", 1, 1)]


def test_divergence_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from lightfm import LightFM

    once = LightFM.fit_partial

    def explode(self: LightFM, *arguments: object, **keywords: object) -> LightFM:
        once(self, *arguments, **keywords)
        self.item_embeddings[0] = np.inf
        self._check_finite()
        return self

    monkeypatch.setattr(LightFM, "fit_partial", explode)
    with pytest.raises(DivergedError, match=r"epoch 1 of 12 \(evaluation\) with model.learning_rate 0.1") as caught:
        lightfm_hybrid.fit(*make_world(), make_policy())
    assert "lower model.learning_rate" in caught.value.remedy
    assert caught.value.exit_code == 3
