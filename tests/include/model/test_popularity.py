import numpy as np

from include.model import find_trainer
from include.ranking.lists import segment_scores
from tests.include.model.worlds import make_policy, make_world


def test_it_knows_nobody_and_ranks_by_what_sold_lately() -> None:
    world = make_world()
    fitted = find_trainer("popularity").fit(world, make_policy(trainer="popularity"))
    for period in ("before", "all"):
        snapshot = world.at(period)
        users, items = fitted[period].factors(snapshot)
        assert not users.known.any()
        bought = np.asarray((snapshot.bought > 0).sum(axis=0)).ravel()
        assert (np.diff(bought[np.argsort(-items.biases, kind="stable")]) <= 0).all()
        assert segment_scores("everybody", snapshot.segment_popularity, len(bought)).any()
