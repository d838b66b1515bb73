from __future__ import annotations

import datetime as dt

import numpy as np

from include.demo_shop import calendar
from include.demo_shop.words import CATEGORIES

NAMES = [category.name for category in CATEGORIES]


def test_saturdays_are_busier_than_tuesdays_and_december_than_july() -> None:
    assert calendar.volume(dt.date(2025, 3, 8)) > 1.2 * calendar.volume(dt.date(2025, 3, 4))
    assert calendar.volume(dt.date(2025, 12, 9)) > 1.5 * calendar.volume(dt.date(2025, 7, 22))


def test_each_category_sells_best_at_its_peak() -> None:
    year = np.stack([calendar.category_appeal(dt.date(2025, 1, 1) + dt.timedelta(days=day)) for day in range(365)])
    weekly = np.stack([year[day : day + 7].mean(axis=0) for day in range(358)])
    garden = NAMES.index("Garden")
    assert abs(int(weekly[:, garden].argmax()) + 4 - CATEGORIES[garden].peak) <= 7
    assert weekly[:, garden].max() - weekly[:, garden].min() > 0.8


def test_what_is_used_up_is_bought_on_working_days() -> None:
    difference = calendar.category_appeal(dt.date(2025, 3, 8)) - calendar.category_appeal(dt.date(2025, 3, 7))
    assert difference[NAMES.index("Bath")] < 0 < difference[NAMES.index("Ceramics")]


def test_novelty_fades() -> None:
    fresh, month, old = calendar.novelty(np.array([0, 30, 700], dtype=np.float32))
    assert fresh == calendar.NOVELTY_STRENGTH
    assert fresh > month > old >= 0
