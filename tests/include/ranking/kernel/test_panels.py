from __future__ import annotations

import numpy as np
import pytest

from include.model.factors import Factors
from include.ranking import top_n
from include.ranking.kernel import pack_items
from include.ranking.kernel.simd import WIDTH
from tests.include.ranking.kernel.test_topn import random_case


@pytest.mark.parametrize("n_items", [0, 1, WIDTH, 5 * WIDTH + 1])
def test_every_allowed_item_has_its_vector_and_bias_in_a_panel(n_items: int) -> None:
    _, items = random_case(4, 1, n_items, 3, 9)
    allowed = np.arange(n_items) % 3 != 1
    packed = pack_items(items, allowed)
    panels = packed.panels.vectors.reshape(-1, 3, WIDTH)
    assert packed.count == allowed.sum()
    assert ((packed.panels.places >= 0) == allowed).all()
    for item in np.flatnonzero(allowed):
        place = packed.panels.places[item]
        assert packed.panels.items[place] == item
        assert packed.panels.biases[place] == items.biases[item]
        assert (panels[place // WIDTH, :, place % WIDTH] == items.vectors[item]).all()


def test_no_score_on_a_panel_is_above_its_bound() -> None:
    random = np.random.default_rng(2)
    vectors = random.normal(size=(20 * WIDTH, 32)).astype(np.float32) * random.lognormal(size=(20 * WIDTH, 1))
    items = Factors(
        vectors.astype(np.float32), random.normal(size=20 * WIDTH).astype(np.float32), np.ones(20 * WIDTH, bool)
    )
    panels = pack_items(items).panels
    # The users who come nearest to their bounds: those in an item's own direction
    users = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = users.astype(np.float64) @ items.vectors[panels.items].astype(np.float64).T + panels.biases
    highest = scores.reshape(len(users), -1, WIDTH).max(axis=2)
    assert (highest <= panels.longest + panels.highest).all()


def test_packed_items_serve_like_the_items_themselves() -> None:
    users, items = random_case(5, 30, 500, 4, 3)
    allowed = np.arange(500) % 2 == 0
    packed = top_n(users, pack_items(items, allowed), 20)
    np.testing.assert_array_equal(packed.items, top_n(users, items, 20, allowed=allowed).items)


def test_a_list_does_not_depend_on_who_is_ranked_with_it() -> None:
    random = np.random.default_rng(3)
    users, items = (
        Factors(
            random.normal(size=(n, 48)).astype(np.float32), random.normal(size=n).astype(np.float32), np.ones(n, bool)
        )
        for n in (300, 3000)
    )
    together = top_n(users, items, 30, threads=2)
    for user in (0, 77, 299):
        one = Factors(users.vectors[user : user + 1], users.biases[user : user + 1], users.known[user : user + 1])
        alone = top_n(one, items, 30)
        assert alone.items.tolist() == together.items[user : user + 1].tolist()
        assert alone.scores.tolist() == together.scores[user : user + 1].tolist()


def test_items_that_cannot_reach_the_list_are_passed_over_and_it_stays_exact() -> None:
    users, items = random_case(6, 40, 100 * WIDTH, 3, 2)
    items.biases[:] = np.repeat(np.arange(100), WIDTH)[::-1] * 20
    found = top_n(users, items, 10)
    scores = users.vectors @ items.vectors.T + items.biases + users.biases[:, None]
    expected = np.lexsort((np.broadcast_to(np.arange(100 * WIDTH), scores.shape), -scores), axis=1)[:, :10]
    assert found.items.tolist() == expected.tolist()
