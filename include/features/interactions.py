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
UNDONE = "undone"


@dataclass(frozen=True)
class Periods:
    """The days that count: each period begins with `first` and ends with `early`, `cutoff` or `last`.

    What happened before `fresh` weighs `old_weight` as much: a retrain's way to forget.
    """

    first: dt.date
    early: dt.date
    cutoff: dt.date
    last: dt.date
    fresh: dt.date | None = None
    old_weight: float = 1.0

    @property
    def ends(self) -> dict[str, dt.date]:
        """Return the last day of each period."""
        return {c.EARLY: self.early, c.BEFORE: self.cutoff, c.ALL: self.last}


def periods(run_date: dt.date, policy: Policy, fresh: dt.date | None = None, old_weight: float = 1.0) -> Periods:
    """Return the days of a run's training set."""
    holdout = dt.timedelta(days=policy.evaluation.holdout_days)
    return Periods(
        early=run_date - 2 * holdout,
        first=run_date - dt.timedelta(days=policy.features.window_days - 1),
        cutoff=run_date - holdout,
        last=run_date,
        fresh=fresh,
        old_weight=old_weight,
    )


def dated_events(events: DataFrame, days: Periods) -> DataFrame:
    """Return the events within `days`, those without a user too.

    Returns
    -------
    DataFrame
        user_id (null: anonymous), item_id, event_type, day, quantity (thousandths, whole).
    """
    thousandths = F.round(F.least(c.QUANTITY, F.lit(LARGEST_QUANTITY)) * QUANTITY_UNITS).cast("long")
    rows = events.select(
        c.USER_ID, c.ITEM_ID, c.EVENT_TYPE, F.to_date(c.EVENT_TS).alias(DAY), thousandths.alias(c.QUANTITY)
    )
    return rows.where(F.col(DAY).between(days.first, days.last))


def interaction_rows(dated: DataFrame, days: Periods, policy: Policy) -> DataFrame:
    """Return one row for each user and item that have to do with each other, see `Interactions`.

    When the returns of a period are at least its purchases, the pair has no weight and no target events in it. A
    return does not undo carts and views.
    """
    kind, day = F.col(c.EVENT_TYPE), F.col(DAY)
    is_target = kind.isin(list(policy.evaluation.target_events))
    change = F.when(kind == c.PURCHASE, F.col(c.QUANTITY)).when(kind == c.RETURN, -F.col(c.QUANTITY))
    sums = []
    for period, end in days.ends.items():
        within = day <= end
        values = {
            c.WEIGHT: total(F.when(within, _weight(policy.features, end, days))),
            c.N: total(F.when(within & is_target, F.lit(1))),
            c.BOUGHT_ON: F.max(F.when(within & is_target, day)),
            c.CARTED_ON: F.max(F.when(within & (kind == c.CART), day)),
            c.VIEWED_ON: F.max(F.when(within & (kind == c.VIEW), day)),
            UNDONE: undone(within, change),
        }
        sums += [value.alias(c.of_period(name, period)) for name, value in values.items()]
    pairs = dated.where(F.col(c.USER_ID).isNotNull()).groupBy(c.USER_ID, c.ITEM_ID)
    return _without_undone(pairs.agg(*sums))


def _without_undone(sums: DataFrame) -> DataFrame:
    columns = {}
    for period in c.PERIODS:
        weight, n, bought_on = (c.of_period(name, period) for name in (c.WEIGHT, c.N, c.BOUGHT_ON))
        kept = ~F.col(c.of_period(UNDONE, period))
        columns[weight] = (F.when(kept, F.col(weight)).otherwise(0) / WEIGHT_UNITS).cast("float")
        columns[n] = F.when(kept, F.col(n)).otherwise(0).cast("int")
        columns[bought_on] = F.when(kept, F.col(bought_on))
        columns |= {name: F.col(name) for name in (c.of_period(day, period) for day in (c.CARTED_ON, c.VIEWED_ON))}
    for name, period, following in ((c.N_AFTER_EARLY, c.EARLY, c.BEFORE), (c.N_AFTER, c.BEFORE, c.ALL)):
        later = F.col(c.of_period(c.N, following)) - F.col(c.of_period(c.N, period))
        columns[name] = F.when(~F.col(c.of_period(UNDONE, following)), later).otherwise(0).cast("int")
    rows = sums.select(c.USER_ID, c.ITEM_ID, *[column.alias(name) for name, column in columns.items()])
    numbers = [c.of_period(name, period) for name in (c.WEIGHT, c.N) for period in c.PERIODS]
    counted = F.greatest(*numbers, c.N_AFTER_EARLY, c.N_AFTER) > 0
    return rows.where(counted | F.col(c.CARTED_ON).isNotNull() | F.col(c.VIEWED_ON).isNotNull())


def _weight(policy: FeaturePolicy, end: dt.date, days: Periods) -> Column:
    """Return an event's weight at the end of a period, in whole units: w * 0.5^(age / half-life)."""
    age = F.datediff(F.lit(end), F.col(DAY))
    weight = F.lit(0.0)
    for name, value in sorted(policy.event_weights.items()):
        weight = F.when(F.col(c.EVENT_TYPE) == name, F.lit(value)).otherwise(weight)
    if days.fresh is not None:
        weight = weight * F.when(F.col(DAY) < days.fresh, F.lit(days.old_weight)).otherwise(F.lit(1.0))
    decayed = weight * F.pow(F.lit(0.5), age / policy.half_life_days)
    return F.round(decayed * WEIGHT_UNITS).cast("long")


def undone(within: Column, change: Column) -> Column:
    """Tell whether the period has a return and what is left of the purchases is nothing."""
    returned = F.max(F.when(within & (F.col(c.EVENT_TYPE) == c.RETURN), F.lit(True)))
    return F.coalesce(returned, F.lit(False)) & (total(F.when(within, change)) <= 0)


def total(values: Column) -> Column:
    return F.coalesce(F.sum(values), F.lit(0))
