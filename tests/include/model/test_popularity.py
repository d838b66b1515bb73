import numpy as np

from include.model import popularity
from tests.include.model.worlds import N_ITEMS, make_policy, make_world


def test_the_prior_alone_ranks() -> None:
    world = make_world()
    counts = np.arange(N_ITEMS, dtype=np.float32)[::-1].copy()
    policy = make_policy(trainer="popularity", popularity_weight=1.0)
    for model in (popularity.fit(*world, policy).evaluation, popularity.empty()):
        items = model.item.describe(world.items).with_prior(counts, popularity.PRIOR_WEIGHT)
        users = model.user.describe(world.users)
        scores = users.vectors @ items.vectors.T + items.biases
        assert (np.argsort(-scores, axis=1) == np.arange(N_ITEMS)).all()


def test_the_empty_model_knows_nobody() -> None:
    world = make_world()
    assert not popularity.empty().user.describe(world.users).known.any()
