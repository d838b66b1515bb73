"""The night's sales tables, from the events of the training set's window.

Spark; pure DataFrame to DataFrame. `FORMAT` is part of the fingerprint: raise it when the same inputs must give other
rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pyspark import StorageLevel
from pyspark.sql import DataFrame

from include import columns as c
from include.features.interactions import Periods, dated_events
from include.policy import Policy
from include.sales.baskets import pair_rows
from include.sales.purchases import purchases
from include.sales.rhythm import due_rows
from include.sales.trends import trend_rows

FORMAT = 2
TOGETHER, TRENDS, DUE = "together", "trends", "due"


@contextmanager
def sales_frames(
    events: DataFrame, users: DataFrame, items: DataFrame, days: Periods, policy: Policy
) -> Iterator[dict[str, DataFrame]]:
    """Give the tables by name, each in its order; what they share is kept until the context ends.

    Parameters
    ----------
    events
        See `SALES_SCHEMA`.
    users, items
        The training set's tables.
    """
    sales = policy.sales
    bought = purchases(events, items, days).persist(StorageLevel.MEMORY_AND_DISK)
    trends = trend_rows(dated_events(events, days), users, items, days.last, policy)
    tables = {
        TOGETHER: (pair_rows(bought, days.last, sales), (c.ITEM_INDEX, c.OTHER_INDEX)),
        TRENDS: (trends, (c.SEGMENT, c.ITEM_INDEX)),
        DUE: (due_rows(bought, users, days.last, sales), (c.USER_INDEX, c.ITEM_INDEX)),
    }
    try:
        yield {name: frame.coalesce(1).sortWithinPartitions(*order) for name, (frame, order) in tables.items()}
    finally:
        bought.unpersist()
