"""Reference histograms: what recent deliveries looked like, signal by signal.

Spark; pure DataFrame to DataFrame, and functions on the collected rows.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

from include import columns as c
from include.features import signals
from include.features.signals import OTHER, fold
from include.policy import FeaturePolicy

MOST_VALUES = 100

Histograms = dict[str, dict[str, int]]
Row = tuple[dt.date, str, str | None, int]


def histogram_rows(
    events: DataFrame, items: DataFrame, users: DataFrame, run_date: dt.date, policy: FeaturePolicy
) -> DataFrame:
    """Count the values of each signal in what was delivered in the popularity window.

    Parameters
    ----------
    events
        The events table, see `EVENT_SCHEMA`.
    items, users
        See `item_rows` and `user_rows`.

    Returns
    -------
    DataFrame
        ingest_date, name (of the signal), value (see `Signal.in_spark`), count.
    """
    since = run_date - dt.timedelta(days=policy.popularity_days)
    recent = events.where((F.col(c.INGEST_DATE) > since) & (F.col(c.INGEST_DATE) <= run_date))
    joined = recent.join(F.broadcast(_attributes(items, c.ITEMS, c.ITEM_ID)), c.ITEM_ID, how="left").join(
        F.broadcast(_attributes(users, c.USERS, c.USER_ID)), c.USER_ID, how="left"
    )
    pairs = [
        F.struct(
            F.lit(signal.name).alias("name"),
            signal.in_spark({name: _joined_name(signal.table, name) for name in signal.columns}).alias("value"),
        )
        for signal in signals.SIGNALS
    ]
    exploded = joined.select(c.INGEST_DATE, F.inline(F.array(*pairs)))
    return exploded.groupBy(c.INGEST_DATE, "name", "value").count()


def histograms(rows: Iterable[Row]) -> Histograms:
    """Return name to value to count; beyond the 100 most frequent values, all under "other"."""
    return {name: _most(counter) for name, counter in _counters(rows).items()}


def histograms_by_day(rows: Iterable[Row], whole: Histograms) -> dict[str, Histograms]:
    """Return day to name to value to count; values that `whole` counts under "other" are counted so each day."""
    by_day: dict[dt.date, list[Row]] = {}
    for row in rows:
        by_day.setdefault(row[0], []).append(row)
    return {
        day.isoformat(): {name: fold(counter, whole[name]) for name, counter in _counters(by_day[day]).items()}
        for day in sorted(by_day)
    }


def _counters(rows: Iterable[Row]) -> dict[str, Counter[str]]:
    by_name = {signal.name: signal for signal in signals.SIGNALS}
    counters = {name: Counter[str]() for name in by_name}
    for _, name, value, count in rows:
        counters[name][by_name[name].label(value)] += count
    return counters


def _attributes(rows: DataFrame, table: str, key: str) -> DataFrame:
    return rows.select(key, *(F.col(name).alias(_joined_name(table, name)) for name in signals.columns_of(table)))


def _joined_name(table: str, column: str) -> str:
    return column if table == c.EVENTS else f"{table}_{column}"


def _most(counter: Counter[str]) -> dict[str, int]:
    ordered = sorted(counter.items(), key=lambda pair: (-pair[1], pair[0]))
    rest = sum(count for _, count in ordered[MOST_VALUES:])
    return dict(ordered[:MOST_VALUES]) | ({OTHER: rest} if rest else {})
