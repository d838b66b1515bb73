"""What sells more than those weekdays usually bring.

Spark; pure DataFrame to DataFrame.
"""

from __future__ import annotations

import datetime as dt

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

from include import columns as c
from include.features.interactions import DAY
from include.features.popularity import by_segment, voices
from include.policy import Policy

WEEK = 7
FIRST = "first"
BUYERS = "buyers"


def trend_rows(dated: DataFrame, users: DataFrame, items: DataFrame, run_date: dt.date, policy: Policy) -> DataFrame:
    """Return how each item's buyers of the last days compare: segment, item_index, observed, expected, growth.

    `observed` are the buyers of the last `trend_days` days, `expected` the mean of those of the same weekdays in each
    of up to `trend_weeks` weeks before, as far back as the shop has data. With m = all observed / all expected of the
    segment, growth = (observed + prior * m) / (expected + prior) / m: the mean of a Poisson rate under a gamma prior,
    against what the shop as a whole does. Christmas is no trend of one item. Where the segment has no such week, or
    nobody bought in it, there is nothing to compare with: expected is 0 and growth null.

    Parameters
    ----------
    dated, users
        See `dated_events` and `user_rows`.
    items
        item_id, item_index.
    """
    sales, kinds = policy.sales, policy.features.popularity_events
    weeks = range(sales.trend_weeks + 1)
    windows = {f"{BUYERS}_{week}": _window(run_date, week, sales.trend_days) for week in weeks}
    span = F.col(DAY).between(run_date - dt.timedelta(WEEK * sales.trend_weeks + sales.trend_days - 1), run_date)
    counted = dated.where(F.col(c.EVENT_TYPE).isin([*kinds, c.RETURN]) & span)
    by_user = counted.groupBy(c.USER_ID, c.ITEM_ID).agg(
        *[voices(window, kinds).alias(name) for name, window in windows.items()]
    )
    sums = by_segment(by_user, users).groupBy(c.SEGMENT, c.ITEM_ID).agg(*[F.sum(name).alias(name) for name in windows])
    first = dated.agg(F.min(DAY).alias(FIRST))
    known = F.floor((F.datediff(F.lit(run_date), FIRST) + 1 - sales.trend_days) / WEEK)
    before = [F.when(known >= week, F.col(f"{BUYERS}_{week}")) for week in weeks if week]
    compared_with = F.greatest(F.lit(1), F.least(known, F.lit(len(before))))
    usual = sum((F.coalesce(value, F.lit(0)) for value in before), F.lit(0)) / compared_with
    compared = sums.crossJoin(first).withColumn(c.EXPECTED, usual)
    return _grown(compared.join(items.select(c.ITEM_ID, c.ITEM_INDEX), c.ITEM_ID, how="inner"), sales.trend_prior)


def _window(run_date: dt.date, week: int, days: int) -> Column:
    end = run_date - dt.timedelta(days=WEEK * week)
    return F.col(DAY).between(end - dt.timedelta(days=days - 1), end)


def _grown(rows: DataFrame, prior: float) -> DataFrame:
    observed = F.col(f"{BUYERS}_0")
    whole = rows.groupBy(c.SEGMENT).agg(F.sum(observed).alias("seen"), F.sum(c.EXPECTED).alias("usual"))
    general = F.try_divide("seen", "usual")
    growth = (observed + prior * general) / (F.col(c.EXPECTED) + prior) / general
    return (
        rows.join(whole, c.SEGMENT, how="inner")
        .where(observed > 0)
        .select(
            c.SEGMENT,
            c.ITEM_INDEX,
            observed.cast("int").alias(c.OBSERVED),
            F.col(c.EXPECTED).cast("float").alias(c.EXPECTED),
            growth.cast("float").alias(c.GROWTH),
        )
    )
