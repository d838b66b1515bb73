from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.demo_shop.truth import (
    BUY_FROM_CART,
    CART_AT_ZERO_FIT,
    CART_PER_FIT,
    CLICK_AT_ZERO_FIT,
    CLICK_PER_FIT,
    HAS_ENOUGH,
    WANTS_AGAIN,
    Truth,
    price_trait,
)
from include.types import NOTHING


def truth() -> Truth:
    """Two users, three items, one taste and the price; user 0 owns items 0 and 1."""
    return Truth(
        tastes=np.array([[2.0, 1.0], [-1.0, 0.0]], dtype=np.float32),
        traits=np.array([[1.0, 0.0], [0.5, 1.0], [-1.0, 0.5]], dtype=np.float32),
        dearness=np.array([0.0, 0.25, 0.5], dtype=np.float32),
        appeal=np.array([0.0, math.log(2), 0.0], dtype=np.float32),
        bargain=np.array([1.0, 0.5, 1.0], dtype=np.float32),
        available=np.array([True, True, True]),
        consumable=np.array([True, False, False]),
        visit_probability=np.array([0.5, 0.5], dtype=np.float32),
        owned=np.array([[0, 1, NOTHING], [NOTHING, NOTHING, NOTHING]], dtype=np.int32),
    )


def sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


BOTH = np.array([0, 1])


def test_fit_is_taste_times_trait_less_dearness_plus_what_owning_does() -> None:
    expected = [[2.0 + WANTS_AGAIN, 2.0 - 0.25 + HAS_ENOUGH, -2.0], [-1.0, -0.75, 0.5]]
    np.testing.assert_allclose(truth().fit(BOTH), expected, rtol=1e-6)


def test_buying_a_thing_twice_counts_once() -> None:
    twice = replace(truth(), owned=np.array([[0, 0, 0], [NOTHING] * 3], dtype=np.int32))
    assert twice.fit(BOTH)[0, 0] == pytest.approx(2.0 + WANTS_AGAIN)


def test_views_follow_fit_and_appeal_and_leave_out_what_is_not_in_stock() -> None:
    without = replace(truth(), available=np.array([True, True, False]))
    weights = without.view_weights(without.fit(BOTH))
    np.testing.assert_allclose(weights[1], [math.exp(-1), 2 * math.exp(-0.75), 0], rtol=1e-6)
    np.testing.assert_allclose(without.front_page(), [1, 2, 0], rtol=1e-6)


def test_preferences_are_the_chances_of_the_next_purchase() -> None:
    preferences = truth().preferences(BOTH)
    np.testing.assert_allclose(preferences.sum(axis=1), 1, rtol=1e-6)
    fits = (-1.0, -0.75, 0.5)
    weights = [
        math.exp(fit + appeal) * sigmoid(CART_AT_ZERO_FIT + CART_PER_FIT * fit) * BUY_FROM_CART * bargain
        for fit, appeal, bargain in zip(fits, (0.0, math.log(2), 0.0), (1.0, 0.5, 1.0), strict=True)
    ]
    np.testing.assert_allclose(preferences[1], np.array(weights) / sum(weights), rtol=1e-5)


def test_respond_gives_the_chances_of_clicking_and_buying_by_rank() -> None:
    response = truth().respond(np.array([1]), np.array([[2, 1, NOTHING]]))
    first, second = sigmoid(CLICK_AT_ZERO_FIT + CLICK_PER_FIT * 0.5), sigmoid(CLICK_AT_ZERO_FIT + CLICK_PER_FIT * -0.75)
    np.testing.assert_allclose(response.click, [[first, second / math.log2(3), 0]], rtol=1e-5)
    cart = sigmoid(CART_AT_ZERO_FIT + CART_PER_FIT * 0.5)
    assert response.purchase[0, 0] == pytest.approx(first * cart * BUY_FROM_CART, rel=1e-5)
    assert response.purchase[0, 2] == 0


def test_nobody_clicks_on_what_is_not_in_stock() -> None:
    without = replace(truth(), available=np.array([True, True, False]))
    response = without.respond(np.array([1]), np.array([[2, 1]]))
    assert response.click[0, 0] == 0
    assert response.click[0, 1] > 0


@given(bargain=st.floats(0, 100))
def test_no_bargain_makes_a_purchase_certain(bargain: float) -> None:
    cheap = replace(truth(), bargain=np.full(3, bargain, dtype=np.float32))
    assert (cheap.buy_probability(np.arange(3)) <= np.float32(0.95)).all()


@given(level=st.floats(-3, 3), log_price=st.floats(-3, 3))
def test_people_like_their_own_price_best(level: float, log_price: float) -> None:
    column, dearness = price_trait(np.array([level, log_price], dtype=np.float32))
    at_level, elsewhere = level * column - dearness
    assert at_level >= elsewhere - 1e-4
