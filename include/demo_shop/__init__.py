"""A generated shop: seeded users, items and events, with tastes that are known."""

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
from include.demo_shop.truth import Response, Truth

__all__ = [
    "DEFAULT_HISTORY_DAYS",
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
