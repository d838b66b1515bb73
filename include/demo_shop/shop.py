"""The shop, day by day.

A day depends only on the configuration, the faults and the days before it, so it is the same
in one run or in many. Days are made in order: asking for a later one makes those between,
asking for an earlier one starts again at the opening.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from include.demo_shop import calendar, traffic
from include.demo_shop.config import Fault, FaultKind, ShopConfig
from include.demo_shop.tables import ANONYMOUS, PURCHASE, ChangedItems, ChangedUsers, EventLog, ShopDay
from include.demo_shop.truth import Truth, price_trait
from include.demo_shop.words import CATEGORIES, COUNTRIES
from include.demo_shop.world import PRICE_SPREAD, World, make_world
from include.types import NOTHING, Bools, Doubles, Floats, Integers, Longs

BACK_IN_STOCK_RATE = 0.15
PRICE_FACTORS = np.array([0.8, 0.9, 1.0, 1.0, 1.05])
OWNED_SLOTS = 32
FIRST_VISIT, MOST_LIKELY_VISIT = 0.9, 0.95
LATE_DAYS, LATE_SHARES = (1, 2, 3), (0.7, 0.2, 0.1)
BOTS = 5

MEDIAN_PRICES = np.array([category.price for category in CATEGORIES])


@dataclass
class State:
    """What one day leaves to the next; rows are positions in the world."""

    in_stock: Bools
    price_factor: Doubles
    delivered_price: Doubles
    delivered_stock: Bools
    country: Integers
    owned: Integers
    n_owned: Longs
    next_day: int = 0
    returns: dict[int, list[EventLog]] = field(default_factory=dict)
    late: dict[int, list[EventLog]] = field(default_factory=dict)


class Shop:
    """A demo shop.

    Parameters
    ----------
    config
        Equal configurations make equal shops.
    faults
        What goes wrong; before its first day a fault changes nothing.
    """

    def __init__(self, config: ShopConfig | None = None, faults: Sequence[Fault] = ()) -> None:
        self.config = config or ShopConfig()
        self.faults = tuple(faults)
        self.world: World = make_world(self.config)
        self._latest: ShopDay | None = None
        self._state = self._opening()

    def day(self, date: dt.date) -> ShopDay:
        """Return what the shop delivers on `date`.

        Raises
        ------
        ConfigurationError
            When the shop is not open on that day.
        """
        index = self.config.index_of(date)
        if self._latest is not None and self._latest.date == date:
            return self._latest
        if index < self._state.next_day:
            self._state = self._opening()
        for number in range(self._state.next_day, index):
            self._advance(number)
        self._latest = self._advance(index)
        return self._latest

    def days(self, first: dt.date, last: dt.date) -> Iterator[ShopDay]:
        """Yield the days from `first` to `last`, both included."""
        for offset in range((last - first).days + 1):
            yield self.day(first + dt.timedelta(days=offset))

    def _opening(self) -> State:
        n_users, n_items = len(self.world.users.user_ids), len(self.world.items.item_ids)
        out = self.config.restock_rate / (self.config.restock_rate + BACK_IN_STOCK_RATE)
        return State(
            in_stock=self.config.stream("stock at the opening").random(n_items) >= out,
            price_factor=np.ones(n_items),
            delivered_price=np.full(n_items, np.nan),
            delivered_stock=np.zeros(n_items, dtype=bool),
            country=self.world.users.country.copy(),
            owned=np.full((n_users, OWNED_SLOTS), NOTHING, dtype=np.int32),
            n_owned=np.zeros(n_users, dtype=np.int64),
        )

    def _active(self, kind: FaultKind, date: dt.date) -> list[tuple[Fault, int]]:
        """Return the active faults of a kind with the days since each began."""
        ages = ((fault, fault.age(date)) for fault in self.faults if fault.kind == kind)
        return [(fault, age) for fault, age in ages if age is not None]

    def _advance(self, index: int) -> ShopDay:
        date = self.config.opening + dt.timedelta(days=index)
        items, prices = self._move_items(index, date)
        users = self._move_users(index)
        truth = self._truth(index, date, prices)
        happened = self._happened(index, date, truth, prices)
        self._state.next_day = index + 1
        events = self._delivered(index, date, happened)
        return ShopDay(date, users, items, events, truth, self.world)

    def _move_items(self, index: int, date: dt.date) -> tuple[ChangedItems, Doubles]:
        """Let stock and prices change; return what changed, and today's prices."""
        state, n = self._state, self.world.n_items(index)
        rng = self.config.stream("items change", index)
        sold_out, back = rng.random((2, n))
        stock = state.in_stock[:n]
        stock[:] = np.where(stock, sold_out >= self.config.restock_rate, back < BACK_IN_STOCK_RATE)
        if not stock.any():
            stock[0] = True
        repriced = rng.random(n) < self.config.reprice_rate
        factors = rng.choice(PRICE_FACTORS, n)
        state.price_factor[:n] = np.where(repriced, factors, state.price_factor[:n])
        shift = math.prod(1 + fault.amount for fault, _ in self._active(FaultKind.PRICE_SHIFT, date))
        prices = np.round(self.world.items.price[:n] * state.price_factor[:n] * shift, 2)
        changed = np.flatnonzero((prices != state.delivered_price[:n]) | (stock != state.delivered_stock[:n]))
        state.delivered_price[:n], state.delivered_stock[:n] = prices, stock
        return ChangedItems(changed.astype(np.int32), prices[changed], stock[changed]), prices

    def _move_users(self, index: int) -> ChangedUsers:
        """Let some users move to another country; return who is new or changed."""
        users, n = self.world.users, self.world.n_users(index)
        rng = self.config.stream("users move", index)
        moved = (rng.random(n) < self.config.move_rate) & (users.signed_up[:n] < index) & (index > 0)
        where_to = rng.choice(len(COUNTRIES), n, p=list(COUNTRIES.values()))
        self._state.country[:n] = np.where(moved, where_to, self._state.country[:n])
        changed = np.flatnonzero(moved | (users.signed_up[:n] == index) | (index == 0)).astype(np.int32)
        return ChangedUsers(changed, self._state.country[changed])

    def _tastes(self, n: int, date: dt.date) -> Floats:
        users = self.world.users
        taste, other = users.taste[:n], users.other_taste[:n]
        for fault, age in self._active(FaultKind.SLOW_DECAY, date):
            angle = fault.amount * (age + 1)
            taste = np.float32(np.cos(angle)) * taste + np.float32(np.sin(angle)) * other
        for fault, _ in self._active(FaultKind.TASTE_SHIFT, date):
            taste = np.where((users.inertia[:n] < fault.amount)[:, np.newaxis], other, taste)
        return np.column_stack([taste, users.price_level[:n]])

    def _truth(self, index: int, date: dt.date, prices: Doubles) -> Truth:
        users, items = self.world.users, self.world.items
        n_users, n_items = self.world.n_users(index), len(prices)
        category = items.category[:n_items]
        column, dearness = price_trait((np.log(prices / MEDIAN_PRICES[category]) / PRICE_SPREAD).astype(np.float32))
        visits = np.minimum(users.visit_rate[:n_users] * calendar.volume(date), MOST_LIKELY_VISIT)
        visits = np.where(users.signed_up[:n_users] == index, FIRST_VISIT, visits)
        return Truth(
            tastes=self._tastes(n_users, date),
            traits=np.column_stack([items.trait[:n_items], column]),
            dearness=dearness,
            appeal=items.appeal[:n_items]
            + calendar.category_appeal(date)[category]
            + calendar.novelty((index - items.launched[:n_items]).astype(np.float32)),
            bargain=(items.price[:n_items] / prices).astype(np.float32),
            available=self._state.in_stock[:n_items].copy(),
            consumable=calendar.CONSUMABLE[category],
            visit_probability=np.where(index < users.leaves[:n_users], visits, 0).astype(np.float32),
            owned=self._state.owned[:n_users].copy(),
        )

    def _happened(self, index: int, date: dt.date, truth: Truth, prices: Doubles) -> EventLog:
        """Return what users and bots did on this day, numbered, and remember what follows from it."""
        rng = self.config.stream("traffic", index)
        midnight = np.datetime64(date, "s")
        visitors = np.flatnonzero(rng.random(truth.n_users) < truth.visit_probability)
        views = 1 + rng.poisson(self.config.views_per_visit - 1, len(visitors))
        hidden = rng.random(len(visitors)) < self.config.anonymous_share
        starts = traffic.visit_starts(len(visitors), rng)
        visits = traffic.draw_visits(truth, visitors, views, self.config.browse_share, rng)
        events = traffic.funnel(
            truth, visits, np.repeat(hidden, views), np.repeat(starts, views), prices, midnight, rng
        )
        purchases = events.take(events.kind == PURCHASE)
        self._remember(index, purchases, rng)
        return EventLog.concatenate(
            [events, *self._returned(index, midnight), *self._bots(index, date, truth, prices, len(events))]
        ).numbered(index)

    def _remember(self, index: int, purchases: EventLog, rng: np.random.Generator) -> None:
        """Note who owns what, and what will be returned on which day."""
        state = self._state
        known = purchases.take(purchases.user != ANONYMOUS)
        known = known.take(np.argsort(known.user, kind="stable"))
        users, first, counts = np.unique(known.user, return_index=True, return_counts=True)
        place = np.arange(len(known)) - np.repeat(first, counts)
        state.owned[known.user, (state.n_owned[known.user] + place) % OWNED_SLOTS] = known.item
        state.n_owned[users] += counts
        returns, delays = traffic.draw_returns(known, self.config.return_share, rng)
        for delay in np.unique(delays).tolist():
            state.returns.setdefault(index + delay, []).append(returns.take(delays == delay))

    def _returned(self, index: int, midnight: np.datetime64) -> list[EventLog]:
        rng = self.config.stream("returns", index)
        due = self._state.returns.pop(index, [])
        return [
            replace(log, time=midnight + traffic.visit_starts(len(log), rng).astype("timedelta64[s]")) for log in due
        ]

    def _bots(self, index: int, date: dt.date, truth: Truth, prices: Doubles, n_events: int) -> list[EventLog]:
        logs = []
        for fault, _ in self._active(FaultKind.BOT_TRAFFIC, date):
            rng = self.config.stream("bots", index)
            accounts = self.config.stream("bot accounts").integers(0, self.config.users, BOTS)
            n_views = round(n_events * fault.amount / (1 - fault.amount))
            logs.append(traffic.bot_views(n_views, accounts, truth, prices, np.datetime64(date, "s"), rng))
        return logs

    def _delivered(self, index: int, date: dt.date, happened: EventLog) -> EventLog:
        """Hold back events that will be late, add earlier ones that were, and break the feed if a fault says so."""
        rng = self.config.stream("late", index)
        late = rng.random(len(happened)) < self.config.late_share
        delays = np.where(late, rng.choice(LATE_DAYS, len(happened), p=LATE_SHARES), 0)
        for delay in LATE_DAYS:
            self._state.late.setdefault(index + delay, []).append(happened.take(delays == delay))
        events = EventLog.concatenate([*self._state.late.pop(index, []), happened.take(delays == 0)])
        for fault, _ in self._active(FaultKind.BROKEN_FEED, date):
            events = break_feed(events, fault.amount, self.config.stream("broken feed", index))
        return events


def break_feed(events: EventLog, share: float, rng: np.random.Generator) -> EventLog:
    """Return `events` with a share of them lost, and a share of the rest without user and price."""
    lost, user_missing, price_missing = rng.random((3, len(events))) < share
    return replace(
        events,
        user=np.where(user_missing, np.int32(ANONYMOUS), events.user),
        price=np.where(price_missing, np.nan, events.price),
    ).take(~lost)
