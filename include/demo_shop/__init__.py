"""A shop that never was: seeded users, items and events whose tastes are known."""

from include.demo_shop.config import (
    DEFAULT_HISTORY_DAYS,
    OPENING,
    Fault,
    FaultKind,
    ShopConfig,
    parse_fault,
)
from include.demo_shop.landing import Landed, land
from include.demo_shop.shop import Shop
from include.demo_shop.tables import EventLog, ShopDay
from include.demo_shop.truth import NO_ITEM, Response, Truth

__all__ = [
    "DEFAULT_HISTORY_DAYS",
    "NO_ITEM",
    "OPENING",
    "EventLog",
    "Fault",
    "FaultKind",
    "Landed",
    "Response",
    "Shop",
    "ShopConfig",
    "ShopDay",
    "Truth",
    "land",
    "parse_fault",
]
