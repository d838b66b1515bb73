"""One table of signals: Spark and Arrow count alike, and a new row is seen everywhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyspark.sql import SparkSession

from include import columns as c
from include.drift_policy import DriftPolicy, load_drift_policy
from include.errors import ConfigurationError
from include.features import signals
from include.features.catalogue import ITEM_SCHEMA, USER_SCHEMA
from include.features.interactions import EVENT_SCHEMA
from include.features.reference import histogram_rows, histograms
from include.features.signals import SIGNALS, Signal
from include.monitoring.data_drift import detect
from include.monitoring.profile import DataProfile, event_columns, from_histograms, profile_events
from include.policy import load_policy

DAY = dt.date(2026, 1, 31)
USERS = {"u0": "north", "u1": c.EVERYBODY, "u2": "south", "u3": "north"}
ITEMS = {"a": "MUG", "b": None, "c": "LAMP"}
QUANTITY = Signal(c.QUANTITY, "number", c.EVENTS, (c.QUANTITY,), threshold="quantity")
WORTH = Signal("worth", "number", c.EVENTS, (c.PRICE, c.QUANTITY), spark="{price} * {quantity}", arrow=pc.multiply)
# Edges of bins, and what is no price at all
ODD = [0.03125, 0.25, 1.0, 2.0, 8.0, 1024.0, 2.0**29, 2.0**31, 0.01, 9.99, 0.0, -3.0, float("nan"), float("inf"), None]


@pytest.fixture
def add_row(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    return lambda *rows: monkeypatch.setattr(signals, "SIGNALS", (*SIGNALS, *rows))


def events(seed: int, rows: int = 2000, quantity: int = 3) -> dict[str, list[Any]]:
    """Random events of known users and items, some without a user or a price."""
    rng = np.random.default_rng(seed)
    prices = [*ODD, *np.round(np.exp(rng.normal(2, 2, rows - len(ODD))), 2).tolist()]
    return {
        c.USER_ID: [None if user % 9 == 0 else f"u{user % 4}" for user in rng.integers(0, 99, rows)],
        c.ITEM_ID: [f"{'abc'[item]}" for item in rng.integers(0, 3, rows)],
        c.EVENT_TYPE: rng.choice(["view", "cart", "purchase", "return"], rows, p=[0.7, 0.15, 0.1, 0.05]).tolist(),
        c.QUANTITY: (1.0 + rng.integers(0, quantity, rows)).tolist(),
        c.PRICE: prices,
    }


def in_arrow(columns: dict[str, list[Any]]) -> DataProfile:
    users = pa.table({c.USER_ID: list(USERS), c.SEGMENT: list(USERS.values())})
    items = pa.table({c.ITEM_ID: list(ITEMS), c.CATEGORY: list(ITEMS.values())})
    batches = pa.table({name: columns[name] for name in event_columns()}).to_batches(max_chunksize=700)
    return profile_events(batches, users, items, np.zeros(len(USERS), bool))


def in_spark(spark: SparkSession, columns: dict[str, list[Any]]) -> dict[str, dict[str, int]]:
    stamp = dt.datetime.combine(DAY, dt.time(), dt.UTC)
    names = (c.USER_ID, c.ITEM_ID, c.EVENT_TYPE, c.QUANTITY, c.PRICE)
    rows = [
        (user, item, kind, stamp, quantity, price, DAY)
        for user, item, kind, quantity, price in zip(*(columns[name] for name in names), strict=True)
    ]
    frame = histogram_rows(
        spark.createDataFrame(rows, EVENT_SCHEMA),
        spark.createDataFrame([(key, key, name, *[None] * 7) for key, name in ITEMS.items()], ITEM_SCHEMA),
        spark.createDataFrame([(key, name, *[None] * 4) for key, name in USERS.items()], USER_SCHEMA),
        DAY,
        load_policy().features,
    )
    return histograms(tuple(row) for row in frame.collect())


@pytest.mark.spark
@pytest.mark.parametrize("seed", range(3))
def test_spark_and_arrow_count_alike(spark: SparkSession, add_row: Callable[..., None], seed: int) -> None:
    add_row(QUANTITY, WORTH)
    columns = events(seed)
    assert in_spark(spark, columns) == in_arrow(columns).histograms


@pytest.mark.spark
def test_a_new_row_is_in_the_reference(spark: SparkSession, add_row: Callable[..., None]) -> None:
    add_row(QUANTITY)
    columns = events(0)
    counted = in_spark(spark, columns)[c.QUANTITY]
    assert counted == {"1.0000": columns[c.QUANTITY].count(1), "2.0000": columns[c.QUANTITY].count(2),
                       "2.8284": columns[c.QUANTITY].count(3)}  # fmt: skip


def with_limit(**limits: float) -> DriftPolicy:
    policy = load_drift_policy()
    data = policy.data.model_copy(update={"min_distance": {**policy.data.min_distance, **limits}})
    return policy.model_copy(update={"data": data})


def test_a_new_row_is_in_the_profile_and_detected(add_row: Callable[..., None]) -> None:
    assert c.QUANTITY not in in_arrow(events(0)).histograms
    add_row(QUANTITY)
    days = {DAY - dt.timedelta(days=back): in_arrow(events(back)).histograms for back in range(1, 15)}
    reference = {day: from_histograms(histograms) for day, histograms in days.items()}
    ordinary, larger = (
        detect(DAY, in_arrow(events(0, quantity=most)), reference, with_limit(quantity=0.08)) for most in (3, 12)
    )
    assert [column.column for column in ordinary.columns][-1] == c.QUANTITY
    assert ordinary.moved == []
    assert [reason.split(" is ")[0] for reason in larger.moved] == [c.QUANTITY]


def test_a_row_without_a_limit_is_named(add_row: Callable[..., None]) -> None:
    add_row(QUANTITY)
    today = in_arrow(events(0))
    with pytest.raises(ConfigurationError, match=r"data\.min_distance\.quantity for the signal quantity"):
        detect(DAY, today, {DAY: from_histograms(today.histograms)}, load_drift_policy())


def test_every_limit_belongs_to_a_signal() -> None:
    assert {signal.threshold for signal in SIGNALS} - {None} == set(load_drift_policy().data.min_distance)
