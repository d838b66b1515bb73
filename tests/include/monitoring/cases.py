"""Signals of days, made by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any

from include.drift_policy import load_drift_policy
from include.monitoring.data_drift import DataDrift
from include.monitoring.performance import Comparison, Results
from include.monitoring.verdict import Kind, Signals

FIRST = dt.date(2026, 3, 2)
POLICY = load_drift_policy()
PAIRS = 1000


def data(**changes: Any) -> DataDrift:
    values: dict[str, Any] = {
        "rows": 4000, "volume": 1.0, "missing": {}, "columns": [], "broken": [], "moved": [],
        "heavy_share": 0.0, "new_user_share": 0.0, "new_item_share": 0.0,
    }  # fmt: skip
    return DataDrift(**{**values, **changes})


def comparison(hits: int = 300, previous: int | None = 300, popular: int = 150, pairs: int = PAIRS) -> Comparison:
    """Lists whose hits do not overlap more than they must."""
    both = min(hits, previous or 0)
    return Comparison(
        users=400,
        pairs=pairs,
        live=Results(hits),
        popularity=Results(popular),
        previous=None if previous is None else Results(previous),
        only_live=hits - both,
        only_previous=(previous or 0) - both,
    )


def day(number: int, **changes: Any) -> Signals:
    """An ordinary day of a model on its first night; hits wobble a little."""
    hits = changes.pop("hits", 300 + (number * 7) % 11 - 5)
    values: dict[str, Any] = {
        "day": FIRST + dt.timedelta(days=number),
        "batch_id": f"b{number}",
        "model_version": str(number),
        "data": data(**changes.pop("data", {})),
        "comparison": changes.pop("comparison", None) or comparison(hits),
        "nights_since_promotion": 1,
        "previous_batch": f"b{number - 1}",
    }
    return Signals(**{**values, **changes})


def quiet(days: int) -> list[Signals]:
    return [day(number, verdict=Kind.NOTHING) for number in range(days)]
