"""Reference histograms: what recent deliveries looked like, for later comparison.

Spark; pure DataFrame to DataFrame, and one function on the collected rows.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

from include import columns as c
from include.policy import FeaturePolicy

KNOWN, UNKNOWN = "known", "unknown"
OTHER = "other"
MOST_VALUES = 100
PRICE_STEPS = 2  # bins a doubling of the price

Histograms = dict[str, dict[str, int]]
Row = tuple[dt.date, str, str, int]
NAMES = (c.EVENT_TYPE, c.CATEGORY, c.PRICE, c.SEGMENT, c.USER_ID)


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
        ingest_date, name (event_type, category, price, segment, user_id), value, count. A price is counted under the
        lower edge of its bin, a power of the square root of 2; user_id is known or unknown.
    """
    since = run_date - dt.timedelta(days=policy.popularity_days)
    recent = events.where((F.col(c.INGEST_DATE) > since) & (F.col(c.INGEST_DATE) <= run_date))
    known = recent.join(F.broadcast(items.select(c.ITEM_ID, c.CATEGORY)), c.ITEM_ID, how="left").join(
        F.broadcast(users.select(c.USER_ID, c.SEGMENT)), c.USER_ID, how="left"
    )
    steps = F.floor(F.log2(F.when(F.col(c.PRICE) > 0, F.col(c.PRICE))) * PRICE_STEPS)
    values = {
        c.EVENT_TYPE: F.col(c.EVENT_TYPE),
        c.CATEGORY: F.col(c.CATEGORY),
        c.PRICE: F.when(steps.isNotNull(), F.format_string("%.4f", F.pow(F.lit(2.0), steps / PRICE_STEPS))),
        c.SEGMENT: F.col(c.SEGMENT),
        c.USER_ID: F.when(F.col(c.USER_ID).isNotNull(), F.lit(KNOWN)),
    }
    pairs = [
        F.struct(F.lit(name).alias("name"), F.coalesce(value, F.lit(UNKNOWN)).alias("value"))
        for name, value in values.items()
    ]
    exploded = known.select(c.INGEST_DATE, F.inline(F.array(*pairs)))
    return exploded.groupBy(c.INGEST_DATE, "name", "value").count()


def histograms(rows: Iterable[Row]) -> Histograms:
    """Return name to value to count; beyond the 100 most frequent values, all under "other"."""
    counters: dict[str, Counter[str]] = {name: Counter() for name in NAMES}
    for _, name, value, count in rows:
        counters[name][value] += count
    return {name: _most(counter) for name, counter in counters.items()}


def histograms_by_day(rows: Iterable[Row], whole: Histograms) -> dict[str, Histograms]:
    """Return day to name to value to count; values that `whole` counts under "other" are counted so each day."""
    days: dict[str, dict[str, Counter[str]]] = {}
    for day, name, value, count in rows:
        counters = days.setdefault(day.isoformat(), {one: Counter() for one in NAMES})
        counters[name][value if value in whole[name] else OTHER] += count
    return {
        day: {name: dict(sorted(counter.items())) for name, counter in counters.items()}
        for day, counters in sorted(days.items())
    }


def _most(counter: Counter[str]) -> dict[str, int]:
    ordered = sorted(counter.items(), key=lambda pair: (-pair[1], pair[0]))
    rest = sum(count for _, count in ordered[MOST_VALUES:])
    return dict(ordered[:MOST_VALUES]) | ({OTHER: rest} if rest else {})
