"""What the users of a day want, and how they would respond to a list.

The day's traffic is drawn from this, and simulations ask it what users lose by a bad list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from include.demo_shop.world import PRICE_STRENGTH
from include.types import NOTHING, Bools, Floats, Integers, Positions

CLICK_AT_ZERO_FIT, CLICK_PER_FIT = -2.4, 0.8
CART_AT_ZERO_FIT, CART_PER_FIT = -1.9, 0.55
BUY_FROM_CART, MOST_CERTAIN_BUY = 0.55, 0.95
# What having bought a thing does to wanting it again
WANTS_AGAIN, HAS_ENOUGH = 1.6, -3.5


class Response(NamedTuple):
    """What users would do with their lists: (n_users, length) float32 probabilities.

    `purchase` is that of clicking and then buying; both are 0 where the list has no item.
    """

    click: Floats
    purchase: Floats


@dataclass(frozen=True)
class Truth:
    """Everybody's wishes on one day. Positions are positions: user 0 is `U00001`, item 0 `I0001`.

    Attributes
    ----------
    tastes
        (n_users, k) float32, the last column being the price that they like.
    traits
        (n_items, k) float32, the last column being the price.
    dearness
        (n_items,) float32: what the price takes from everybody's fit.
    appeal
        (n_items,) float32: log of the views that an item gets apart from taste.
    bargain
        (n_items,) float32: factor of the chance that what is in the cart is bought.
    available
        (n_items,) bool: in stock.
    consumable
        (n_items,) bool: bought again and again.
    visit_probability
        (n_users,) float32: chance that the user comes on this day.
    owned
        (n_users, length) int32: items bought lately, NOTHING where there are fewer.
    """

    tastes: Floats
    traits: Floats
    dearness: Floats
    appeal: Floats
    bargain: Floats
    available: Bools
    consumable: Bools
    visit_probability: Floats
    owned: Integers

    @property
    def n_users(self) -> int:
        """Number of users."""
        return len(self.tastes)

    @property
    def n_items(self) -> int:
        """Number of items."""
        return len(self.traits)

    def fit(self, users: Positions) -> Floats:
        """Return how well each item fits each user: (len(users), n_items) float32.

        About 0 for a random item; taste, price range and what they have already are in it.
        """
        # Not BLAS: its threads cost more than this product, and change its last bits by their number
        fit = np.einsum("uk,ki->ui", self.tastes[users], np.ascontiguousarray(self.traits.T))
        fit -= self.dearness
        owners, slots = np.nonzero(self.owned[users] != NOTHING)
        items = self.owned[users[owners], slots]
        fit[owners, items] += np.where(self.consumable[items], np.float32(WANTS_AGAIN), np.float32(HAS_ENOUGH))
        return np.asarray(fit, dtype=np.float32)

    def view_weights(self, fit: Floats) -> Floats:
        """Return relative chances of being looked at, for rows of `fit`; 0 when out of stock."""
        weights = fit + np.where(self.available, self.appeal, np.float32(-np.inf))
        return np.asarray(np.exp(weights, out=weights), dtype=np.float32)

    def front_page(self) -> Floats:
        """Return the relative chance of each item on the front page: (n_items,) float32."""
        return np.asarray(np.exp(self.appeal) * self.available, dtype=np.float32)

    def cart_probability(self, fit: Floats) -> Floats:
        """Return the chance that something looked at is put into the cart."""
        return _sigmoid(CART_AT_ZERO_FIT + CART_PER_FIT * fit)

    def buy_probability(self, items: Positions) -> Floats:
        """Return the chance that `items` in the cart are bought, at today's prices."""
        return np.asarray(np.minimum(BUY_FROM_CART * self.bargain[items], MOST_CERTAIN_BUY), dtype=np.float32)

    def preferences(self, users: Positions) -> Floats:
        """Return the chance that the next purchase of each user is each item.

        (len(users), n_items) float32, rows sum to 1: no list can do better than this order.
        Browsing the front page is left out; it says nothing about the user.
        """
        fit = self.fit(users)
        weights = self.view_weights(fit) * self.cart_probability(fit) * self.buy_probability(np.arange(self.n_items))
        return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)

    def respond(self, users: Positions, lists: Positions) -> Response:
        """Return what `users` would do if each were shown a list.

        Parameters
        ----------
        users
            (n,) positions.
        lists
            (n, length) positions of items, best first; NOTHING where a list is shorter.

        Returns
        -------
        Response
            Chances per shown item, given that the user comes (`visit_probability`). People
            look at rank r with chance 1 / log2(r + 1), as discounted gains assume.
        """
        shown = lists != NOTHING
        items = np.where(shown, lists, 0)
        fit = np.take_along_axis(self.fit(users), items, axis=1)
        looks = 1 / np.log2(np.arange(lists.shape[1], dtype=np.float32) + 2)
        click = looks * _sigmoid(CLICK_AT_ZERO_FIT + CLICK_PER_FIT * fit) * (shown & self.available[items])
        purchase = click * self.cart_probability(fit) * self.buy_probability(items)
        return Response(click.astype(np.float32), purchase.astype(np.float32))


def price_trait(log_price: Floats) -> tuple[Floats, Floats]:
    """Return the price column of the traits, and what the price takes from every fit.

    Together they make ``-strength / 2 * (price - price_level)**2`` up to a constant per user.

    Parameters
    ----------
    log_price
        Standard deviations above the median of the category.
    """
    column = PRICE_STRENGTH * log_price
    return column.astype(np.float32), (0.5 * column * log_price).astype(np.float32)


def _sigmoid(logit: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-logit)), dtype=np.float32)
