"""From events to weighted pairs of users and items.

Spark; pure DataFrame to DataFrame. Every sum runs over whole numbers (weights in units of
2^-36, quantities in thousandths), because the order in which Spark adds changes from run to
run and sums of floating point numbers with it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as f

from include import columns as c
from include.policy import FeaturePolicy, Policy

EVENT_SCHEMA = f"""{c.USER_ID} string, {c.ITEM_ID} string, {c.EVENT_TYPE} string, {c.EVENT_TS} timestamp,
    {c.QUANTITY} double, {c.PRICE} double, {c.INGEST_DATE} date"""

WEIGHT_UNITS = 2.0**36
QUANTITY_UNITS = 1000
LARGEST_QUANTITY = 1e9  # one absurd line must not overflow a pair's sum
DAY = "day"
LINES = "lines"


@dataclass(frozen=True)
class Periods:
    """The days that count: from `first` to `cutoff` is before, from `first` to `last` is all.

    What happened before `fresh` weighs `old_weight` as much: a retrain's way to forget.
    """

    first: dt.date
    cutoff: dt.date
    last: dt.date
    fresh: dt.date | None = None
    old_weight: float = 1.0


def periods(run_date: dt.date, policy: Policy, fresh: dt.date | None = None, old_weight: float = 1.0) -> Periods:
    """Return the days of a run's training set."""
    return Periods(
        first=run_date - dt.timedelta(days=policy.features.window_days - 1),
        cutoff=run_date - dt.timedelta(days=policy.evaluation.holdout_days),
        last=run_date,
        fresh=fresh,
        old_weight=old_weight,
    )


def daily_events(events: DataFrame, days: Periods) -> DataFrame:
    """Return the events within `days`, one row a user (null: anonymous), item, type and day.

    Returns
    -------
    DataFrame
        user_id, item_id, event_type, day, lines (events), quantity (thousandths, whole).
    """
    thousandths = f.round(f.least(c.QUANTITY, f.lit(LARGEST_QUANTITY)) * QUANTITY_UNITS).cast("long")
    dated = events.withColumn(DAY, f.to_date(c.EVENT_TS)).where(f.col(DAY).between(days.first, days.last))
    grouped = dated.groupBy(c.USER_ID, c.ITEM_ID, c.EVENT_TYPE, DAY)
    return grouped.agg(f.count(f.lit(1)).alias(LINES), f.sum(thousandths).alias(c.QUANTITY))


def interaction_rows(daily: DataFrame, days: Periods, policy: Policy) -> DataFrame:
    """Return one row for each user and item that have to do with each other, see `Interactions`.

    What came back is undone: when returns of a period are at least its purchases, the pair
    has no weight and no target events in it. A return does not undo that the item was looked at.
    """
    kind = f.col(c.EVENT_TYPE)
    is_before, is_target = f.col(DAY) <= days.cutoff, kind.isin(list(policy.evaluation.target_events))
    change = f.when(kind == c.PURCHASE, f.col(c.QUANTITY)).when(kind == c.RETURN, -f.col(c.QUANTITY))
    weighs = kind.isin([name for name, weight in policy.features.event_weights.items() if weight > 0])
    pairs = daily.where(f.col(c.USER_ID).isNotNull()).groupBy(c.USER_ID, c.ITEM_ID)
    sums = pairs.agg(
        _total(f.when(is_before, _weight(policy.features, days.cutoff, days))).alias(c.WEIGHT_BEFORE),
        _total(_weight(policy.features, days.last, days)).alias(c.WEIGHT_ALL),
        _total(f.when(is_before & is_target, f.col(LINES))).alias(c.N_BEFORE),
        _total(f.when(~is_before & is_target, f.col(LINES))).alias(c.N_AFTER),
        _undone(is_before, change).alias("undone_before"),
        _undone(f.lit(True), change).alias("undone_all"),
        f.min(f.when(weighs | is_target, f.col(DAY))).alias(c.FIRST_DAY),
        f.max(f.when(weighs | is_target, f.col(DAY))).alias(c.LAST_DAY),
        f.max(f.when(is_target, f.col(DAY))).alias(c.BOUGHT_ON),
        f.max(f.when(kind == c.CART, f.col(DAY))).alias(c.CARTED_ON),
        f.max(f.when(kind == c.VIEW, f.col(DAY))).alias(c.VIEWED_ON),
    )
    return _without_undone(sums)


def _without_undone(sums: DataFrame) -> DataFrame:
    before, whole = ~f.col("undone_before"), ~f.col("undone_all")
    rows = sums.select(
        c.USER_ID,
        c.ITEM_ID,
        (f.when(before, f.col(c.WEIGHT_BEFORE)).otherwise(0) / WEIGHT_UNITS).cast("float").alias(c.WEIGHT_BEFORE),
        (f.when(whole, f.col(c.WEIGHT_ALL)).otherwise(0) / WEIGHT_UNITS).cast("float").alias(c.WEIGHT_ALL),
        f.when(before, f.col(c.N_BEFORE)).otherwise(0).cast("int").alias(c.N_BEFORE),
        f.when(whole, f.col(c.N_AFTER)).otherwise(0).cast("int").alias(c.N_AFTER),
        c.FIRST_DAY,
        c.LAST_DAY,
        f.when(whole, f.col(c.BOUGHT_ON)).alias(c.BOUGHT_ON),
        c.CARTED_ON,
        c.VIEWED_ON,
    )
    counted = f.greatest(c.WEIGHT_BEFORE, c.WEIGHT_ALL, c.N_BEFORE, c.N_AFTER) > 0
    return rows.where(counted | f.col(c.CARTED_ON).isNotNull() | f.col(c.VIEWED_ON).isNotNull())


def _weight(policy: FeaturePolicy, end: dt.date, days: Periods) -> Column:
    """Return a daily row's weight at the end of a period, in whole units: w * 0.5^(age / half-life)."""
    age = f.datediff(f.lit(end), f.col(DAY))
    weight = f.lit(0.0)
    for name, value in sorted(policy.event_weights.items()):
        weight = f.when(f.col(c.EVENT_TYPE) == name, f.lit(value)).otherwise(weight)
    if days.fresh is not None:
        weight = weight * f.when(f.col(DAY) < days.fresh, f.lit(days.old_weight)).otherwise(f.lit(1.0))
    decayed = weight * f.pow(f.lit(0.5), age / policy.half_life_days)
    return f.round(decayed * WEIGHT_UNITS).cast("long") * f.col(LINES)


def _undone(within: Column, change: Column) -> Column:
    """Tell whether the period has a return and what is left of the purchases is nothing."""
    returned = f.max(f.when(within & (f.col(c.EVENT_TYPE) == c.RETURN), f.lit(True)))
    return f.coalesce(returned, f.lit(False)) & (_total(f.when(within, change)) <= 0)


def _total(values: Column) -> Column:
    return f.coalesce(f.sum(values), f.lit(0))
