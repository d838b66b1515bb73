from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from include.demo_shop import OPENING, EventLog, Shop, ShopConfig, traffic
from include.demo_shop.tables import ANONYMOUS, CART, PURCHASE, RETURN, VIEW
from include.demo_shop.truth import Truth
from include.types import Floats

MIDNIGHT = np.datetime64(OPENING, "s")


@pytest.fixture(scope="module")
def truth() -> Truth:
    return Shop(ShopConfig(users=200, items=60)).day(OPENING).truth


@given(
    weights=stn.arrays(
        np.float32, stn.array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.sampled_from([0, 0.125, 1, 64])
    ),
    seed=st.integers(0, 99),
    data=st.data(),
)
def test_draws_come_from_their_row_and_never_weigh_nothing(weights: Floats, seed: int, data: st.DataObject) -> None:
    weights[:, 0] = 1
    counts = data.draw(stn.arrays(np.int64, len(weights), elements=st.integers(0, 5)))
    rows, columns = traffic.draw_items(weights, counts, np.random.default_rng(seed))
    np.testing.assert_array_equal(np.bincount(rows, minlength=len(weights)), counts)
    assert (weights[rows, columns] > 0).all()


def test_draws_are_as_frequent_as_their_weights() -> None:
    weights = np.array([[1, 1, 1], [1, 0, 3]], dtype=np.float32)
    rows, columns = traffic.draw_items(weights, np.array([30_000, 40_000]), np.random.default_rng(5))
    np.testing.assert_allclose(np.bincount(columns[rows == 0]), [10_000] * 3, rtol=0.05)
    np.testing.assert_allclose(np.bincount(columns[rows == 1]), [10_000, 0, 30_000], rtol=0.05)


def draw(truth: Truth, browse_share: float = 0.0, n: int = 100) -> traffic.Visits:
    return traffic.draw_visits(truth, np.arange(n), np.full(n, 4), browse_share, np.random.default_rng(3))


def test_visits_have_their_views_in_order(truth: Truth) -> None:
    visits = draw(truth)
    np.testing.assert_array_equal(visits.visitor, np.repeat(np.arange(100), 4))
    np.testing.assert_array_equal(visits.order, np.tile(np.arange(4), 100))
    np.testing.assert_array_equal(visits.fit, truth.fit(visits.visitor)[np.arange(400), visits.item])


def test_those_who_browse_look_at_what_fits_them_less(truth: Truth) -> None:
    assert draw(truth, browse_share=0.0).fit.mean() > draw(truth, browse_share=1.0).fit.mean() + 0.5


def test_blocks_lose_nobody(truth: Truth, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "BLOCK_CELLS", 7 * truth.n_items)
    visits = draw(truth)
    np.testing.assert_array_equal(visits.visitor, np.repeat(np.arange(100), 4))
    np.testing.assert_array_equal(visits.order, np.tile(np.arange(4), 100))


def test_a_day_without_visitors_has_no_events(truth: Truth) -> None:
    nobody = np.array([], dtype=np.int64)
    visits = traffic.draw_visits(truth, nobody, nobody, 0.1, np.random.default_rng(1))
    events = traffic.funnel(
        truth, visits, nobody.astype(bool), nobody, np.ones(truth.n_items), MIDNIGHT, np.random.default_rng(1)
    )
    assert len(events) == 0


def test_what_is_bought_was_in_the_cart_and_looked_at(truth: Truth) -> None:
    visits = draw(truth)
    anonymous = visits.visitor % 5 == 0
    prices = np.arange(truth.n_items) + 0.5
    starts = np.full(400, 86_390)
    events = traffic.funnel(truth, visits, anonymous, starts, prices, MIDNIGHT, np.random.default_rng(1))
    views, carts, purchases = (events.take(events.kind == kind) for kind in (VIEW, CART, PURCHASE))
    assert len(views) == 400
    assert 400 > len(carts) > len(purchases) > 0

    def pairs(log: EventLog) -> set[tuple[int, int]]:
        return set(zip(log.user.tolist(), log.item.tolist(), strict=True))

    assert pairs(purchases) <= pairs(carts) <= pairs(views)
    np.testing.assert_array_equal(views.user == ANONYMOUS, anonymous)
    np.testing.assert_array_equal(events.price, prices[events.item])
    assert (views.quantity == 1).all()
    assert (purchases.quantity[~truth.consumable[purchases.item]] == 1).all()
    assert (events.time >= MIDNIGHT).all()
    assert (events.time < MIDNIGHT + np.timedelta64(1, "D")).all()


def test_returns_are_of_known_purchases_some_days_later(truth: Truth) -> None:
    visits = draw(truth, n=200)
    anonymous = visits.visitor % 2 == 0
    rng = np.random.default_rng(1)
    events = traffic.funnel(
        truth, visits, anonymous, np.zeros(800, dtype=np.int64), np.ones(truth.n_items), MIDNIGHT, rng
    )
    purchases = events.take(events.kind == PURCHASE)
    returns, delays = traffic.draw_returns(purchases, 1.0, rng)
    known = purchases.take(purchases.user != ANONYMOUS)
    np.testing.assert_array_equal(returns.item, known.item)
    np.testing.assert_array_equal(returns.quantity, known.quantity)
    assert (returns.kind == RETURN).all()
    assert (delays >= 3).all()
    assert len(traffic.draw_returns(purchases, 0.0, rng)[0]) == 0


def test_bots_view_a_few_items(truth: Truth) -> None:
    events = traffic.bot_views(
        5000, np.array([3, 4]), truth, np.ones(truth.n_items), MIDNIGHT, np.random.default_rng(1)
    )
    assert len(events) == 5000
    assert (events.kind == VIEW).all()
    assert set(events.user.tolist()) == {3, 4}
    assert len(np.unique(events.item)) <= traffic.BOT_ITEMS
    assert truth.available[events.item].all()
