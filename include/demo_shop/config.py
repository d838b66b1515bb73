"""What defines a demo shop: its size, seed and habits, and its faults.

Two shops with equal `ShopConfig` and faults are the same shop, byte for byte.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any
from zlib import crc32

import numpy as np
from pydantic import Field
from pydantic import ValidationError as PydanticError

from include.errors import ConfigurationError
from include.frozen import Frozen
from include.policy import first_problem

OPENING = dt.date(2025, 1, 1)
DEFAULT_HISTORY_DAYS = 60


Count = Annotated[int, Field(ge=1)]
Mean = Annotated[float, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]


class ShopConfig(Frozen):
    """One shop. Rates are per day; rates and shares are between 0 and 1.

    Raises
    ------
    ConfigurationError
        For a value out of range, by name.
    """

    users: Count = Field(2000, description="Users on the opening day; sign-ups add to them.")
    items: Count = Field(800, description="Items on the opening day; launches add to them.")
    seed: int = Field(7, ge=0, description="Another seed makes another shop.")
    opening: dt.date = Field(OPENING, description="The first day with data.")
    horizon_days: Count = Field(365, description="Days that the shop exists; part of its identity, like the seed.")
    signup_rate: Share = Field(0.003, description="New users, as a share of those at the opening.")
    launch_rate: Share = Field(0.0025, description="New items, as a share of those at the opening.")
    lifetime_days: Mean = Field(500.0, description="Mean number of days after which a user stops coming.")
    visit_rate: Share = Field(0.30, description="Mean share of the users who come on an ordinary day.")
    views_per_visit: Mean = Field(4.5, description="Mean number of items looked at.")
    browse_share: Share = Field(0.15, description="Views that follow what is popular rather than the user's taste.")
    anonymous_share: Share = Field(0.08, description="Visits without a login.")
    return_share: Share = Field(0.06, description="Purchases returned some days later.")
    restock_rate: Share = Field(0.004, description="Items that run out of stock.")
    reprice_rate: Share = Field(0.004, description="Items whose price changes.")
    move_rate: Share = Field(0.0005, description="Users who move to another country.")
    late_share: Share = Field(0.01, description="Events delivered one to three days late.")
    duplicate_share: Share = Field(0.004, description="Rows of every table delivered twice.")
    broken_share: Share = Field(0.003, description="Spoiled copies of good rows, in every table.")

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except PydanticError as error:
            place, message, value = first_problem(error)
            remedy = f"take another value: {message.lower()}"
            raise ConfigurationError(f"demo shop: {'.'.join(place)} is {value}", remedy=remedy) from error

    @property
    def last_day(self) -> dt.date:
        """The last day with data."""
        return self.opening + dt.timedelta(days=self.horizon_days - 1)

    def index_of(self, day: dt.date) -> int:
        """Return how many days after the opening `day` is.

        Raises
        ------
        ConfigurationError
            When the shop is not open on that day.
        """
        if not self.opening <= day <= self.last_day:
            raise ConfigurationError(
                f"the demo shop has no data for {day}", remedy=f"take days from {self.opening} to {self.last_day}"
            )
        return (day - self.opening).days

    def stream(self, purpose: str, day: int = 0) -> np.random.Generator:
        """Return the random numbers for one purpose on one day, the same whenever asked for.

        Each kind of draw has its own purpose, so a fault does not shift the numbers of
        anything else.
        """
        return np.random.default_rng((self.seed, crc32(purpose.encode()), day))


class FaultKind(StrEnum):
    """What can go wrong in a shop; `Fault` says what each strength means."""

    TASTE_SHIFT = "taste_shift"
    SLOW_DECAY = "slow_decay"
    PRICE_SHIFT = "price_shift"
    BROKEN_FEED = "broken_feed"
    BOT_TRAFFIC = "bot_traffic"


DEFAULT_STRENGTH = {
    FaultKind.TASTE_SHIFT: 0.3,
    FaultKind.SLOW_DECAY: 0.02,
    FaultKind.PRICE_SHIFT: 0.3,
    FaultKind.BROKEN_FEED: 0.5,
    FaultKind.BOT_TRAFFIC: 0.05,
}
STRENGTHS = dict.fromkeys(FaultKind, (0.0, 1.0)) | {
    FaultKind.SLOW_DECAY: (0.0, math.pi),
    FaultKind.PRICE_SHIFT: (-0.9, 10.0),
    FaultKind.BOT_TRAFFIC: (0.0, 0.9),
}


@dataclass(frozen=True)
class Fault:
    """One fault, from its first day on.

    Attributes
    ----------
    kind
        taste_shift: a share of the users wants other things from that day on.
        slow_decay: every user's taste turns by so many radians a day.
        price_shift: all prices rise by that share (a negative one lets them fall).
        broken_feed: that share of the events is lost, and of what arrives that share has
        neither user nor price.
        bot_traffic: a few accounts make that share of the traffic, at random.
    start
        First day that it affects.
    strength
        None: the kind's default.
    days
        How many days it lasts; None: for good.
    """

    kind: FaultKind
    start: dt.date
    strength: float | None = None
    days: int | None = None

    def __post_init__(self) -> None:
        low, high = STRENGTHS[self.kind]
        _require(f"strength of {self.kind}", self.amount, low <= self.amount <= high, f"between {low:g} and {high:g}")
        if self.days is not None:
            _require(f"days of {self.kind}", self.days, self.days >= 1, "at least 1")

    @property
    def amount(self) -> float:
        """The strength, with the kind's default filled in."""
        return DEFAULT_STRENGTH[self.kind] if self.strength is None else self.strength

    def age(self, day: dt.date) -> int | None:
        """Return the number of days since the start (0 on the first), None when not active."""
        age = (day - self.start).days
        return age if age >= 0 and (self.days is None or age < self.days) else None


def parse_fault(text: str) -> Fault:
    """Return the fault written as `kind:YYYY-MM-DD[:strength[:days]]`.

    Raises
    ------
    ConfigurationError
        For any other form.
    """
    parts = text.split(":")
    try:
        if not 2 <= len(parts) <= 4:
            raise ValueError(f"{len(parts)} parts")
        strength = float(parts[2]) if len(parts) > 2 and parts[2] else None
        days = int(parts[3]) if len(parts) > 3 else None
        return Fault(FaultKind(parts[0]), dt.date.fromisoformat(parts[1]), strength, days)
    except ValueError as error:
        raise ConfigurationError(
            f"fault {text!r} cannot be read: {error}",
            remedy=f"write kind:YYYY-MM-DD[:strength[:days]] with a kind of {', '.join(FaultKind)}",
        ) from error


def _require(name: str, value: float, holds: bool, wanted: str) -> None:
    if not holds:
        raise ConfigurationError(f"demo shop: {name} is {value}", remedy=f"take a value that is {wanted}")
