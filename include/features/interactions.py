"""From events to weighted pairs of users and items.

Spark; pure DataFrame to DataFrame. Every sum is of whole numbers (weights in units of 2^-36, quantities in
thousandths): Spark adds in another order each run, which changes sums of floating point numbers.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

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
    thousandths = F.round(F.least(c.QUANTITY, F.lit(LARGEST_QUANTITY)) * QUANTITY_UNITS).cast("long")
    dated = events.withColumn(DAY, F.to_date(c.EVENT_TS)).where(F.col(DAY).between(days.first, days.last))
    grouped = dated.groupBy(c.USER_ID, c.ITEM_ID, c.EVENT_TYPE, DAY)
    return grouped.agg(F.count(F.lit(1)).alias(LINES), F.sum(thousandths).alias(c.QUANTITY))


def interaction_rows(daily: DataFrame, days: Periods, policy: Policy) -> DataFrame:
    """Return one row for each user and item that have to do with each other, see `Interactions`.

    When the returns of a period are at least its purchases, the pair has no weight and no target events in it. A
    return does not undo carts and views.
    """
    kind = F.col(c.EVENT_TYPE)
    is_before, is_target = F.col(DAY) <= days.cutoff, kind.isin(list(policy.evaluation.target_events))
    change = F.when(kind == c.PURCHASE, F.col(c.QUANTITY)).when(kind == c.RETURN, -F.col(c.QUANTITY))
    pairs = daily.where(F.col(c.USER_ID).isNotNull()).groupBy(c.USER_ID, c.ITEM_ID)
    sums = pairs.agg(
        _total(F.when(is_before, _weight(policy.features, days.cutoff, days))).alias(c.WEIGHT_BEFORE),
        _total(_weight(policy.features, days.last, days)).alias(c.WEIGHT_ALL),
        _total(F.when(is_before & is_target, F.col(LINES))).alias(c.N_BEFORE),
        _total(F.when(~is_before & is_target, F.col(LINES))).alias(c.N_AFTER),
        _undone(is_before, change).alias("undone_before"),
        _undone(F.lit(True), change).alias("undone_all"),
        F.max(F.when(is_target, F.col(DAY))).alias(c.BOUGHT_ON),
        F.max(F.when(kind == c.CART, F.col(DAY))).alias(c.CARTED_ON),
        F.max(F.when(kind == c.VIEW, F.col(DAY))).alias(c.VIEWED_ON),
    )
    return _without_undone(sums)


def _without_undone(sums: DataFrame) -> DataFrame:
    before, whole = ~F.col("undone_before"), ~F.col("undone_all")
    rows = sums.select(
        c.USER_ID,
        c.ITEM_ID,
        (F.when(before, F.col(c.WEIGHT_BEFORE)).otherwise(0) / WEIGHT_UNITS).cast("float").alias(c.WEIGHT_BEFORE),
        (F.when(whole, F.col(c.WEIGHT_ALL)).otherwise(0) / WEIGHT_UNITS).cast("float").alias(c.WEIGHT_ALL),
        F.when(before, F.col(c.N_BEFORE)).otherwise(0).cast("int").alias(c.N_BEFORE),
        F.when(whole, F.col(c.N_AFTER)).otherwise(0).cast("int").alias(c.N_AFTER),
        F.when(whole, F.col(c.BOUGHT_ON)).alias(c.BOUGHT_ON),
        c.CARTED_ON,
        c.VIEWED_ON,
    )
    counted = F.greatest(c.WEIGHT_BEFORE, c.WEIGHT_ALL, c.N_BEFORE, c.N_AFTER) > 0
    return rows.where(counted | F.col(c.CARTED_ON).isNotNull() | F.col(c.VIEWED_ON).isNotNull())


def _weight(policy: FeaturePolicy, end: dt.date, days: Periods) -> Column:
    """Return a daily row's weight at the end of a period, in whole units: w * 0.5^(age / half-life)."""
    age = F.datediff(F.lit(end), F.col(DAY))
    weight = F.lit(0.0)
    for name, value in sorted(policy.event_weights.items()):
        weight = F.when(F.col(c.EVENT_TYPE) == name, F.lit(value)).otherwise(weight)
    if days.fresh is not None:
        weight = weight * F.when(F.col(DAY) < days.fresh, F.lit(days.old_weight)).otherwise(F.lit(1.0))
    decayed = weight * F.pow(F.lit(0.5), age / policy.half_life_days)
    return F.round(decayed * WEIGHT_UNITS).cast("long") * F.col(LINES)


def _undone(within: Column, change: Column) -> Column:
    """Tell whether the period has a return and what is left of the purchases is nothing."""
    returned = F.max(F.when(within & (F.col(c.EVENT_TYPE) == c.RETURN), F.lit(True)))
    return F.coalesce(returned, F.lit(False)) & (_total(F.when(within, change)) <= 0)


def _total(values: Column) -> Column:
    return F.coalesce(F.sum(values), F.lit(0))
