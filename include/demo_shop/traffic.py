"""The traffic of one day: visits, views, carts and purchases.

All visitors are drawn at once, in blocks that bound the memory of a large shop.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from include.demo_shop.tables import ANONYMOUS, CART, PURCHASE, RETURN, VIEW, EventLog
from include.demo_shop.truth import Truth
from include.types import Bools, Doubles, Floats, Longs

# Cells of users times items that are held at once
BLOCK_CELLS = 4_000_000
DAY_SECONDS = 86_400
# Visits peak in the evening: seconds of a day are drawn as a beta distribution
HOURS_ALPHA, HOURS_BETA = 3.4, 2.0
SECONDS_PER_VIEW = 70
EXTRA_CONSUMABLES = 0.4
BOT_ITEMS = 12


class Visits(NamedTuple):
    """The views of a day, one row each.

    `fit` is that of the visitor and the item, `order` the view's place in its visit.
    """

    visitor: Longs
    item: Longs
    fit: Floats
    order: Longs


def draw_items(weights: Floats, counts: Longs, rng: np.random.Generator) -> tuple[Longs, Longs]:
    """Draw `counts[r]` columns of each row r, with replacement, by weight.

    Parameters
    ----------
    weights
        (n_rows, n_columns) float32, at least one positive in each row that is drawn from.
    counts
        (n_rows,) number of draws.

    Returns
    -------
    rows, columns
        One entry a draw, in order of the rows.
    """
    rows = np.repeat(np.arange(len(counts)), counts)
    n_columns = weights.shape[1]
    # One running sum over all rows: a row's share of it is [ends[r], ends[r + 1])
    running = np.cumsum(weights.ravel(), dtype=np.float64)
    ends = np.concatenate([[0.0], running[n_columns - 1 :: n_columns]])
    drawn = ends[rows] + rng.random(rows.size) * (ends[rows + 1] - ends[rows])
    place = np.searchsorted(running, drawn, side="right")
    return rows, np.clip(place - rows * n_columns, 0, n_columns - 1)


def draw_visits(truth: Truth, visitors: Longs, views: Longs, browse_share: float, rng: np.random.Generator) -> Visits:
    """Draw what each of `visitors` looks at, `views` items each, by their own taste or the front page."""
    rows = max(1, BLOCK_CELLS // truth.n_items)
    blocks = [
        _draw_block(truth, visitors[start : start + rows], views[start : start + rows], browse_share, rng)
        for start in range(0, max(1, len(visitors)), rows)
    ]
    return Visits(*(np.concatenate(parts) for parts in zip(*blocks, strict=True)))


def _draw_block(truth: Truth, visitors: Longs, views: Longs, browse_share: float, rng: np.random.Generator) -> Visits:
    fit = truth.fit(visitors)
    rows, items = draw_items(truth.view_weights(fit), views, rng)
    browsing = np.flatnonzero(rng.random(rows.size) < browse_share)
    front_page = truth.front_page()[np.newaxis, :]
    _, items[browsing] = draw_items(front_page, np.array([browsing.size]), rng)
    first = np.concatenate([[0], np.cumsum(views)[:-1]]) if len(views) else views
    return Visits(visitors[rows], items, fit[rows, items], np.arange(rows.size) - first[rows])


def funnel(
    truth: Truth,
    visits: Visits,
    anonymous: Bools,
    starts: Longs,
    prices: Doubles,
    midnight: np.datetime64,
    rng: np.random.Generator,
) -> EventLog:
    """Return the events of `visits`: each view, some carts, some purchases.

    Parameters
    ----------
    anonymous, starts
        One entry a view: whether its visitor is not logged in, and the second at which the
        visit began.
    prices
        (n_items,) today's prices.
    """
    carted = rng.random(visits.item.size) < truth.cart_probability(visits.fit)
    bought = carted & (rng.random(visits.item.size) < truth.buy_probability(visits.item))
    extra = rng.poisson(EXTRA_CONSUMABLES, visits.item.size) * truth.consumable[visits.item]
    seconds = np.minimum(starts + SECONDS_PER_VIEW * visits.order, DAY_SECONDS - 61)
    users = np.where(anonymous, ANONYMOUS, visits.visitor)
    logs = []
    for kind, rows, delay in ((VIEW, slice(None), 0), (CART, carted, 25), (PURCHASE, bought, 60)):
        quantity = np.ones_like(visits.item[rows]) if kind == VIEW else 1 + extra[rows]
        logs.append(event_log(kind, users[rows], visits.item[rows], midnight, seconds[rows] + delay, quantity, prices))
    return EventLog.concatenate(logs)


def visit_starts(n_visits: int, rng: np.random.Generator) -> Longs:
    """Return the second of the day at which each visit begins."""
    return np.asarray(rng.beta(HOURS_ALPHA, HOURS_BETA, n_visits) * (DAY_SECONDS - 1), dtype=np.int64)


def draw_returns(purchases: EventLog, share: float, rng: np.random.Generator) -> tuple[EventLog, Longs]:
    """Return what of `purchases` comes back, not yet dated, and after how many days each."""
    back = purchases.take((rng.random(len(purchases)) < share) & (purchases.user != ANONYMOUS))
    returns = replace(back, kind=np.full(len(back), RETURN, dtype=np.int8))
    return returns, 2 + rng.geometric(0.2, len(back))


def bot_views(
    n_views: int,
    bots: Longs,
    truth: Truth,
    prices: Doubles,
    midnight: np.datetime64,
    rng: np.random.Generator,
) -> EventLog:
    """Return `n_views` views of the day's few targets by `bots`, spread over the whole day."""
    targets = rng.choice(np.flatnonzero(truth.available), BOT_ITEMS)
    items = targets[rng.integers(0, BOT_ITEMS, n_views)]
    seconds = rng.integers(0, DAY_SECONDS, n_views)
    users = bots[rng.integers(0, len(bots), n_views)]
    return event_log(VIEW, users, items, midnight, seconds, np.ones(n_views, dtype=np.int64), prices)


def event_log(
    kind: int,
    users: Longs,
    items: Longs,
    midnight: np.datetime64,
    seconds: Longs,
    quantity: Longs,
    prices: Doubles,
) -> EventLog:
    """Return events of one kind that are not numbered yet."""
    return EventLog(
        number=np.zeros(len(users), dtype=np.int64),
        user=users.astype(np.int32),
        item=items.astype(np.int32),
        kind=np.full(len(users), kind, dtype=np.int8),
        time=midnight + seconds.astype("timedelta64[s]"),
        quantity=quantity.astype(np.int32),
        price=prices[items],
    )
