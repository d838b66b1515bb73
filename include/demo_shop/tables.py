"""The tables of one day, as arrays of positions and as the rows that the shop delivers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from include import columns as c
from include.demo_shop.truth import Truth
from include.demo_shop.words import BRANDS, CATEGORIES, CHANNELS, COUNTRIES
from include.demo_shop.world import World
from include.types import Bools, Codes, Days, Doubles, Integers, Longs, Positions

VIEW, CART, PURCHASE, RETURN = range(len(c.EVENT_TYPES))
ANONYMOUS = -1
NUMBERS_A_DAY = 10_000_000

EVENT_FIELDS = (c.EVENT_ID, c.USER_ID, c.ITEM_ID, c.EVENT_TYPE, c.EVENT_TS, c.QUANTITY, c.PRICE)
USER_FIELDS = (c.USER_ID, "country", c.SIGNED_UP_ON, "channel", c.UPDATED_TS)
ITEM_FIELDS = (c.ITEM_ID, c.TITLE, c.CATEGORY, c.PRICE, c.IN_STOCK, c.LAUNCHED_ON, "brand", c.UPDATED_TS)

CATEGORY_NAMES = tuple(category.name for category in CATEGORIES)
COUNTRY_NAMES, CHANNEL_NAMES = tuple(COUNTRIES), tuple(CHANNELS)

Row = tuple[str, ...]
ItemRow = dict[str, str | float | bool]


@dataclass(frozen=True)
class EventLog:
    """Events, one array a column, all of the same length.

    Attributes
    ----------
    number
        int64, unique over all days; `E` and ten digits make the event_id.
    user, item
        int32 positions; ANONYMOUS where the user is not known.
    kind
        int8 positions in `columns.EVENT_TYPES`.
    time
        datetime64[s], UTC.
    quantity
        int32.
    price
        float64, NaN where it is missing.
    """

    number: Longs
    user: Integers
    item: Integers
    kind: Codes
    time: Days
    quantity: Integers
    price: Doubles

    def __len__(self) -> int:
        return len(self.number)

    def take(self, rows: Positions | Bools) -> Self:
        """Return the events of `rows`, positions or a mask."""
        return type(self)(*(getattr(self, field.name)[rows] for field in fields(self)))

    @classmethod
    def concatenate(cls, logs: Sequence[EventLog]) -> Self:
        """Return all events of `logs` (at least one), in their order."""
        return cls(*(np.concatenate([getattr(log, field.name) for log in logs]) for field in fields(cls)))

    def numbered(self, day: int) -> Self:
        """Return the events in order of time, numbered as those of day index `day`."""
        ordered = self.take(np.argsort(self.time, kind="stable"))
        number = day * NUMBERS_A_DAY + np.arange(1, len(ordered) + 1, dtype=np.int64)
        return type(self)(number, *(getattr(ordered, field.name) for field in fields(self)[1:]))


@dataclass(frozen=True)
class ChangedUsers:
    """Users that are new or changed on a day."""

    user: Integers
    country: Integers


@dataclass(frozen=True)
class ChangedItems:
    """Items that are new or changed on a day, with today's price and stock."""

    item: Integers
    price: Doubles
    in_stock: Bools


@dataclass(frozen=True)
class ShopDay:
    """What a shop delivers on a day, before any dirt, and the truth behind it.

    `events` are those that arrive on the day: the late ones of earlier days are among them,
    those that will be late are not.
    """

    date: dt.date
    users: ChangedUsers
    items: ChangedItems
    events: EventLog
    truth: Truth
    world: World

    @property
    def late(self) -> int:
        """Number of delivered events that happened on an earlier day."""
        return int((self.events.time < np.datetime64(self.date, "s")).sum())

    def event_rows(self) -> list[Row]:
        """Return the events as text in order of EVENT_FIELDS; empty text is missing."""
        log, users, items = self.events, self.world.users.user_ids, self.world.items.item_ids
        user_ids = np.where(log.user == ANONYMOUS, "", users[log.user])
        kinds = np.array(c.EVENT_TYPES, dtype=object)[log.kind]
        times = np.datetime_as_string(log.time)
        return [
            (f"E{number:010d}", user, item, kind, f"{time}Z", f"{quantity}", "" if price != price else f"{price:.2f}")
            for number, user, item, kind, time, quantity, price in zip(
                log.number.tolist(), user_ids.tolist(), items[log.item].tolist(), kinds.tolist(),
                times.tolist(), log.quantity.tolist(), log.price.tolist(), strict=True,
            )
        ]  # fmt: skip

    def user_rows(self) -> list[Row]:
        """Return the new and changed users as text in order of USER_FIELDS."""
        users, changed = self.world.users, self.users.user
        return [
            (user, COUNTRY_NAMES[country], self._date(signed_up), CHANNEL_NAMES[channel], self._updated())
            for user, country, signed_up, channel in zip(
                users.user_ids[changed].tolist(), self.users.country.tolist(),
                users.signed_up[changed].tolist(), users.channel[changed].tolist(), strict=True,
            )
        ]  # fmt: skip

    def item_rows(self) -> list[ItemRow]:
        """Return the new and changed items, each with the keys ITEM_FIELDS."""
        items, changed = self.world.items, self.items.item
        values = zip(
            items.item_ids[changed].tolist(), items.titles[changed].tolist(), items.category[changed].tolist(),
            self.items.price.tolist(), self.items.in_stock.tolist(), items.launched[changed].tolist(),
            items.brand[changed].tolist(), strict=True,
        )  # fmt: skip
        return [
            dict(zip(ITEM_FIELDS, (
                item, title, CATEGORY_NAMES[category], price, in_stock, self._date(launched), BRANDS[brand],
                self._updated(),
            ), strict=True))
            for item, title, category, price, in_stock, launched, brand in values
        ]  # fmt: skip

    def _date(self, index: int) -> str:
        return (self.world.config.opening + dt.timedelta(days=index)).isoformat()

    def _updated(self) -> str:
        """Master data is delivered in one export, made at the end of the day."""
        return f"{self.date.isoformat()}T23:30:00Z"
