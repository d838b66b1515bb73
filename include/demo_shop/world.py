"""What never changes: all users and items, and who likes what.

Tastes and traits live in one space: the dot product of a user's taste and an item's trait
says how well they fit, before price. Country and channel explain nearly half of a taste,
category and brand most of a trait, so features say something about those without a history.
Users and items are in order of their first day, so those of a given day are a prefix.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from include.demo_shop.config import ShopConfig
from include.demo_shop.words import BRANDS, CATEGORIES, CHANNELS, COUNTRIES
from include.types import Doubles, Floats, Integers, Longs

DIMENSIONS = 8
TASTE_STRENGTH = 1.25
COUNTRY_SHARE, CHANNEL_SHARE = 0.25, 0.20
CATEGORY_SHARE, BRAND_SHARE = 0.45, 0.20
# How strongly people stay within their price range, and the spread of log prices in a category
PRICE_STRENGTH, PRICE_SPREAD = 0.7, 0.45
APPEAL_SPREAD = 0.8
AGE_AT_OPENING = 700
PRICE_ENDINGS = np.array([0.0, 0.5, 0.95])


@dataclass(frozen=True)
class AllUsers:
    """All who ever sign up; row u is user `user_ids[u]`.

    Attributes
    ----------
    user_ids
        Text, in order of sign-up.
    signed_up
        Day index of the sign-up; negative: before the opening.
    leaves
        Day index from which the user no longer comes.
    country, channel
        Positions in `words.COUNTRIES` (at the opening or sign-up) and `words.CHANNELS`.
    visit_rate
        Chance to come on an ordinary day.
    taste, other_taste
        (n, DIMENSIONS) unit variance: the taste, and the one that drift turns it to.
    price_level
        Preferred price: standard deviations above a category's median.
    inertia
        Between 0 and 1: a taste shift of strength s affects those below s.
    """

    user_ids: npt.NDArray[np.object_]
    signed_up: Integers
    leaves: Integers
    country: Integers
    channel: Integers
    visit_rate: Floats
    taste: Floats
    other_taste: Floats
    price_level: Floats
    inertia: Floats


@dataclass(frozen=True)
class AllItems:
    """Everything that is ever sold; row i is item `item_ids[i]`.

    Attributes
    ----------
    item_ids, titles
        Text, in order of launch.
    launched
        Day index of the launch; negative: before the opening.
    category, brand
        Positions in `words.CATEGORIES` and `words.BRANDS`.
    price
        Price at launch.
    appeal
        Log of how often it is looked at, apart from taste, season and novelty.
    trait
        (n, DIMENSIONS).
    """

    item_ids: npt.NDArray[np.object_]
    titles: npt.NDArray[np.object_]
    launched: Integers
    category: Integers
    brand: Integers
    price: Doubles
    appeal: Floats
    trait: Floats


@dataclass(frozen=True)
class World:
    """Users and items of one shop."""

    config: ShopConfig
    users: AllUsers
    items: AllItems

    def n_users(self, day: int) -> int:
        """Return how many have signed up by the end of day index `day`."""
        return int(np.searchsorted(self.users.signed_up, day, side="right"))

    def n_items(self, day: int) -> int:
        """Return how many items have been launched by day index `day`."""
        return int(np.searchsorted(self.items.launched, day, side="right"))


def make_world(config: ShopConfig) -> World:
    """Return the world of `config`."""
    return World(config, _users(config), _items(config))


def _first_days(config: ShopConfig, at_opening: int, rate: float, rng: np.random.Generator) -> Integers:
    """Return the sorted first days of everyone or everything: before the opening, then each day."""
    before = np.sort(rng.integers(-AGE_AT_OPENING, 0, at_opening))
    arrivals = rng.poisson(at_opening * rate, config.horizon_days)
    return np.concatenate([before, np.repeat(np.arange(config.horizon_days), arrivals)]).astype(np.int32)


def _users(config: ShopConfig) -> AllUsers:
    rng = config.stream("users")
    signed_up = _first_days(config, config.users, config.signup_rate, rng)
    n = signed_up.size
    country = rng.choice(len(COUNTRIES), n, p=list(COUNTRIES.values()))
    channel = rng.choice(len(CHANNELS), n, p=list(CHANNELS.values()))
    by_country = rng.standard_normal((len(COUNTRIES), DIMENSIONS + 1))
    by_channel = rng.standard_normal((len(CHANNELS), DIMENSIONS + 1))
    own_share = 1 - COUNTRY_SHARE - CHANNEL_SHARE
    taste = (
        np.sqrt(COUNTRY_SHARE) * by_country[country]
        + np.sqrt(CHANNEL_SHARE) * by_channel[channel]
        + np.sqrt(own_share) * rng.standard_normal((n, DIMENSIONS + 1))
    )
    # Half of a drift is a fashion that all share: it is what a retrained model can catch soon.
    fashion = rng.standard_normal(DIMENSIONS)
    other = np.sqrt(0.5) * (fashion + rng.standard_normal((n, DIMENSIONS)))
    stays = rng.exponential(config.lifetime_days, n)
    return AllUsers(
        user_ids=np.array([f"U{number:05d}" for number in range(1, n + 1)], dtype=object),
        signed_up=signed_up,
        leaves=(np.maximum(signed_up, 0) + 1 + np.minimum(stays, 1e6)).astype(np.int32),
        country=country.astype(np.int32),
        channel=channel.astype(np.int32),
        visit_rate=(config.visit_rate * rng.gamma(2.0, 0.5, n)).astype(np.float32),
        taste=taste[:, :DIMENSIONS].astype(np.float32),
        other_taste=other.astype(np.float32),
        price_level=taste[:, DIMENSIONS].astype(np.float32),
        inertia=rng.random(n, dtype=np.float32),
    )


def _items(config: ShopConfig) -> AllItems:
    rng = config.stream("items")
    launched = _first_days(config, config.items, config.launch_rate, rng)
    n = launched.size
    shares = np.array([category.share for category in CATEGORIES])
    category = rng.choice(len(CATEGORIES), n, p=shares / shares.sum())
    # A brand is at home in a few categories
    at_home = rng.dirichlet(np.full(len(BRANDS), 0.25), len(CATEGORIES)).cumsum(axis=1)
    brand = np.minimum((at_home[category] < rng.random((n, 1))).sum(axis=1), len(BRANDS) - 1)
    dear = 0.25 * rng.standard_normal(len(BRANDS))
    medians = np.array([one.price for one in CATEGORIES])[category]
    raw = medians * np.exp(dear[brand] + PRICE_SPREAD * rng.standard_normal(n))
    trait = (
        np.sqrt(CATEGORY_SHARE) * rng.standard_normal((len(CATEGORIES), DIMENSIONS))[category]
        + np.sqrt(BRAND_SHARE) * rng.standard_normal((len(BRANDS), DIMENSIONS))[brand]
        + np.sqrt(1 - CATEGORY_SHARE - BRAND_SHARE) * rng.standard_normal((n, DIMENSIONS))
    )
    return AllItems(
        item_ids=np.array([f"I{number:04d}" for number in range(1, n + 1)], dtype=object),
        titles=_titles(category, rng),
        launched=launched,
        category=category.astype(np.int32),
        brand=brand.astype(np.int32),
        price=np.floor(raw) + 1 + rng.choice(PRICE_ENDINGS, n),
        appeal=(APPEAL_SPREAD * rng.standard_normal(n)).astype(np.float32),
        trait=(trait * TASTE_STRENGTH / np.sqrt(DIMENSIONS)).astype(np.float32),
    )


def _titles(category: Longs, rng: np.random.Generator) -> npt.NDArray[np.object_]:
    """Return a title for each item: every combination of a category's words once, then numbered."""
    titles = np.empty(category.size, dtype=object)
    for position, words in enumerate(CATEGORIES):
        rows = np.flatnonzero(category == position)
        n_things, n_variants = len(words.things), len(words.variants)
        combinations = len(words.materials) * n_things * n_variants
        order = rng.permutation(combinations)
        for count, row in enumerate(rows):
            edition, place = divmod(count, combinations)
            material, rest = divmod(int(order[place]), n_things * n_variants)
            thing, variant = divmod(rest, n_variants)
            title = f"{words.materials[material]} {words.things[thing]}, {words.variants[variant]}"
            titles[row] = f"{title}, no. {edition + 1}" if edition else title
    return titles
