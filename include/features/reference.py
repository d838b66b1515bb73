"""Reference histograms: what recent deliveries looked like, for later comparison.

Spark; pure DataFrame to DataFrame, and one function on the collected rows.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable

from pyspark.sql import DataFrame
from pyspark.sql import functions as f

from include import columns as c
from include.policy import FeaturePolicy

UNKNOWN = "unknown"
OTHER = "other"
MOST_VALUES = 100
PRICE_STEPS = 2  # bins a doubling of the price

Histograms = dict[str, dict[str, int]]


def histogram_rows(
    events: DataFrame, items: DataFrame, users: DataFrame, run_date: dt.date, policy: FeaturePolicy
) -> DataFrame:
    """Return how often each value occurs in what was delivered in the popularity window.

    Parameters
    ----------
    events
        The events table, see `EVENT_SCHEMA`.
    items, users
        See `item_rows` and `user_rows`.

    Returns
    -------
    DataFrame
        name (event_type, category, price, segment), value, count. A price is counted under the
        lower edge of its bin, a power of the square root of 2.
    """
    since = run_date - dt.timedelta(days=policy.popularity_days)
    recent = events.where((f.col(c.INGEST_DATE) > since) & (f.col(c.INGEST_DATE) <= run_date))
    known = recent.join(f.broadcast(items.select(c.ITEM_ID, c.CATEGORY)), c.ITEM_ID, how="left").join(
        f.broadcast(users.select(c.USER_ID, c.SEGMENT)), c.USER_ID, how="left"
    )
    steps = f.floor(f.log2(f.when(f.col(c.PRICE) > 0, f.col(c.PRICE))) * PRICE_STEPS)
    values = {
        c.EVENT_TYPE: f.col(c.EVENT_TYPE),
        c.CATEGORY: f.col(c.CATEGORY),
        c.PRICE: f.when(steps.isNotNull(), f.format_string("%.4f", f.pow(f.lit(2.0), steps / PRICE_STEPS))),
        c.SEGMENT: f.col(c.SEGMENT),
    }
    pairs = [
        f.struct(f.lit(name).alias("name"), f.coalesce(value, f.lit(UNKNOWN)).alias("value"))
        for name, value in values.items()
    ]
    exploded = known.select(f.inline(f.array(*pairs)))
    return exploded.groupBy("name", "value").count()


def histograms(rows: Iterable[tuple[str, str, int]]) -> Histograms:
    """Return name to value to count; beyond the 100 most frequent values, all under "other"."""
    counters: dict[str, Counter[str]] = {name: Counter() for name in (c.EVENT_TYPE, c.CATEGORY, c.PRICE, c.SEGMENT)}
    for name, value, count in rows:
        counters[name][value] += count
    return {name: _most(counter) for name, counter in counters.items()}


def _most(counter: Counter[str]) -> dict[str, int]:
    ordered = sorted(counter.items(), key=lambda pair: (-pair[1], pair[0]))
    rest = sum(count for _, count in ordered[MOST_VALUES:])
    return dict(ordered[:MOST_VALUES]) | ({OTHER: rest} if rest else {})
