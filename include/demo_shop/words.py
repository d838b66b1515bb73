"""The words of the shop, from `include/config/demo_shop.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import yaml

FILE = Path(__file__).resolve().parent.parent / "config" / "demo_shop.yaml"
WORDS: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))


class Category(NamedTuple):
    """One shelf of the shop; the file says what each key means."""

    name: str
    price: float
    share: float
    consumable: bool
    peak: int
    materials: list[str]
    things: list[str]
    variants: list[str]


CATEGORIES = tuple(Category(**category) for category in WORDS["categories"])
BRANDS = tuple(WORDS["brands"])
COUNTRIES: dict[str, float] = WORDS["countries"]
CHANNELS: dict[str, float] = WORDS["channels"]
