from __future__ import annotations

import numpy as np
import pytest

from include.demo_shop import ShopConfig
from include.demo_shop.words import CATEGORIES
from include.demo_shop.world import World, make_world


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(ShopConfig(users=3000, items=1500))


def test_everyone_has_an_id_in_order_of_the_first_day(world: World) -> None:
    assert world.users.user_ids[0] == "U00001"
    assert world.items.item_ids[41] == "I0042"
    assert len(set(world.users.user_ids)) == len(world.users.user_ids)
    assert (np.diff(world.users.signed_up) >= 0).all()
    assert (np.diff(world.items.launched) >= 0).all()


def test_the_opening_has_the_configured_size_and_grows_by_the_rates(world: World) -> None:
    assert world.n_users(-1) == 3000
    assert world.n_items(-1) == 1500
    assert world.n_users(364) == len(world.users.user_ids)
    assert world.n_users(364) - 3000 == pytest.approx(3000 * 0.003 * 365, rel=0.1)
    assert world.n_items(364) - 1500 == pytest.approx(1500 * 0.0025 * 365, rel=0.1)


def test_titles_are_unique_and_made_of_the_words_of_the_category(world: World) -> None:
    assert len(set(world.items.titles)) == len(world.items.titles)
    for title, category in zip(world.items.titles, world.items.category, strict=True):
        words = CATEGORIES[category]
        material = next(word for word in words.materials if title.startswith(f"{word} "))
        thing, variant = title.removeprefix(f"{material} ").split(", no. ")[0].split(", ")
        assert thing in words.things
        assert variant in words.variants


def test_titles_beyond_all_combinations_are_numbered() -> None:
    items = make_world(ShopConfig(users=1, items=9000, horizon_days=1)).items
    assert len(set(items.titles)) == len(items.titles)
    assert any(title.endswith(", no. 2") for title in items.titles)


def test_prices_lie_around_the_median_of_the_category(world: World) -> None:
    assert (world.items.price >= 1).all()
    for position, category in enumerate(CATEGORIES):
        assert np.median(world.items.price[world.items.category == position]) == pytest.approx(category.price, rel=0.4)


def test_country_and_channel_explain_a_part_of_the_taste_and_not_all_of_it(world: World) -> None:
    users = world.users
    groups = users.country * 100 + users.channel
    explained = 0.0
    for group in np.unique(groups):
        rows = users.taste[groups == group]
        explained += len(rows) * float(((rows.mean(axis=0) - users.taste.mean(axis=0)) ** 2).mean())
    share = explained / len(groups) / float(users.taste.var(axis=0).mean())
    assert 0.2 < share < 0.7


def test_equal_configurations_make_equal_worlds_and_other_seeds_other_ones(world: World) -> None:
    again, other = make_world(world.config), make_world(ShopConfig(users=3000, items=1500, seed=8))
    np.testing.assert_array_equal(again.users.taste, world.users.taste)
    np.testing.assert_array_equal(again.items.titles, world.items.titles)
    assert not np.array_equal(other.users.taste[:100], world.users.taste[:100])
