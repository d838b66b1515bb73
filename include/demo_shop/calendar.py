"""The seasons: how many users visit on a day, and what they look for."""

from __future__ import annotations

import datetime as dt

import numpy as np

from include.demo_shop.words import CATEGORIES
from include.types import Floats

# Monday to Sunday
WEEKDAY_VOLUME = (0.94, 0.90, 0.92, 0.97, 1.03, 1.16, 1.08)
CHRISTMAS, CHRISTMAS_WIDTH, CHRISTMAS_VOLUME = 342, 22.0, 0.45
SUMMER, SUMMER_WIDTH, SUMMER_VOLUME = 205, 35.0, -0.15

SEASON_STRENGTH = 0.45
# At weekends users look for the home, on working days for consumables
WEEKEND_STRENGTH = 0.15
NOVELTY_STRENGTH, NOVELTY_DAYS = 1.0, 12.0

PEAKS = np.array([category.peak for category in CATEGORIES], dtype=np.float32)
CONSUMABLE = np.array([category.consumable for category in CATEGORIES])


def volume(day: dt.date) -> float:
    """Return the visits of a day relative to an ordinary one: weekday, summer, Christmas."""
    of_year = day.timetuple().tm_yday
    christmas = CHRISTMAS_VOLUME * np.exp(-0.5 * ((of_year - CHRISTMAS) / CHRISTMAS_WIDTH) ** 2)
    summer = SUMMER_VOLUME * np.exp(-0.5 * ((of_year - SUMMER) / SUMMER_WIDTH) ** 2)
    return float(WEEKDAY_VOLUME[day.weekday()] * (1 + christmas + summer))


def category_appeal(day: dt.date) -> Floats:
    """Return what season and weekday add to the appeal of each category: (n_categories,)."""
    phase = 2 * np.pi * (day.timetuple().tm_yday - PEAKS) / 365.25
    weekend = np.where(CONSUMABLE, -WEEKEND_STRENGTH, WEEKEND_STRENGTH) * (1 if day.weekday() >= 5 else -0.4)
    return np.asarray(SEASON_STRENGTH * np.cos(phase) + weekend, dtype=np.float32)


def novelty(age: Floats) -> Floats:
    """Return what being new adds to the appeal of items launched `age` days ago."""
    return np.asarray(NOVELTY_STRENGTH * np.exp(-age / NOVELTY_DAYS), dtype=np.float32)
