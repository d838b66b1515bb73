"""To which batch a rollback would lead."""

from __future__ import annotations

import dataclasses
import datetime as dt

from include.monitoring.judge import LiveBatch, choose_fallback
from include.monitoring.verdict import Kind
from tests.include.monitoring.cases import FIRST, day


def batch(number: int, model: str) -> LiveBatch:
    return LiveBatch(f"b{number}", FIRST + dt.timedelta(days=number), model)


def test_the_newest_batch_of_another_model() -> None:
    kept = [batch(1, "1"), batch(2, "2"), batch(3, "3")]
    assert choose_fallback(batch(4, "3"), kept, []) == kept[1]
    assert choose_fallback(batch(4, "4"), kept, []) == kept[2]
    assert choose_fallback(batch(0, "0"), kept, []) is None


def test_neither_a_model_that_was_gone_back_from_nor_a_broken_day() -> None:
    kept = [batch(1, "1"), batch(2, "2"), batch(3, "3")]
    gone_back_from = dataclasses.replace(day(9, verdict=Kind.ROLLBACK), model_version="3")
    assert choose_fallback(batch(4, "4"), kept, [gone_back_from]) == kept[1]
    assert choose_fallback(batch(4, "4"), kept, [gone_back_from, day(2, verdict=Kind.HOLD)]) == kept[0]
