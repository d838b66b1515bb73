"""What users are due to buy again, by their own rhythm and the item's.

Spark; pure DataFrame to DataFrame.
"""

from __future__ import annotations

import datetime as dt

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

from include import columns as c
from include.features.interactions import DAY
from include.policy import SalesPolicy

TIMES, FIRST, LAST, GAPS = "times", "first", "last", "gaps"
BUYERS, AGAIN, RHYTHM, RHYTHMS = "buyers", "again", "rhythm", "rhythms"


def due_rows(bought: DataFrame, users: DataFrame, run_date: dt.date, policy: SalesPolicy) -> DataFrame:
    """Return the items that users are due to buy again: user_index, item_index, purchases (days), due_on, score.

    score = P(again) * exp(-ln(x)^2 / (2 s^2)), where x is the time since the last purchase in gaps that are usual for
    the user and the item: a probability that they buy it again at all, times how well tomorrow fits their rhythm, as in
    Bhagat et al. 2018 (KDD, "Buy It Again"), with a lognormal in place of their gamma. What is bought more than
    `due_from` of a gap too early is left out. Small counts are shrunk: a user's mean gap towards the item's median
    gap, that towards the shop's; the item's share of buyers who came back towards the shop's, a user's own returns
    towards the item's.

    Parameters
    ----------
    bought
        See `purchases`.
    users
        user_id, user_index.
    """
    own = _owned(bought)
    item = _items(own, policy.rhythm_prior)
    n, prior = F.col(TIMES) - 1, policy.rhythm_prior
    mean_gap = F.when(n > 0, F.log(F.datediff(LAST, FIRST) / n)).otherwise(0)
    usual = F.exp((n * mean_gap + prior * F.col(RHYTHM)) / (n + prior))
    again = (n + prior * F.col(AGAIN)) / (n + prior)
    passed = (F.datediff(F.lit(run_date), LAST) + 1) / F.col("usual")
    score = F.col("again_here") * F.exp(-F.pow(F.log(passed), 2) / (2 * policy.rhythm_spread**2))
    rows = (
        own.join(item, c.ITEM_INDEX, how="inner")
        .withColumn("usual", usual)
        .withColumn("again_here", again)
        .where(passed >= policy.due_from)
        .join(users.select(c.USER_ID, c.USER_INDEX), c.USER_ID, how="inner")
        .select(
            c.USER_INDEX,
            c.ITEM_INDEX,
            F.col(TIMES).alias(c.PURCHASES),
            F.date_add(LAST, F.round("usual").cast("int")).alias(c.DUE_ON),
            score.cast("float").alias(c.SCORE),
        )
    )
    order = Window.partitionBy(c.USER_INDEX).orderBy(F.desc(c.SCORE), c.ITEM_INDEX)
    return rows.withColumn(c.RANK, F.row_number().over(order)).where(F.col(c.RANK) <= policy.due_items).drop(c.RANK)


def _owned(bought: DataFrame) -> DataFrame:
    """Return how often and when each user bought each item, in days, and the gaps between."""
    days = F.array_sort(F.collect_set(DAY))
    gap = "transform(sequence(1, size(days) - 1), i -> datediff(days[i], days[i - 1]))"
    grouped = bought.where(F.col(c.USER_ID).isNotNull()).groupBy(c.USER_ID, c.ITEM_INDEX).agg(days.alias("days"))
    return grouped.select(
        c.USER_ID,
        c.ITEM_INDEX,
        F.size("days").alias(TIMES),
        F.element_at("days", 1).alias(FIRST),
        F.element_at("days", -1).alias(LAST),
        F.when(F.size("days") > 1, F.expr(gap)).alias(GAPS),
    )


def _items(own: DataFrame, prior: float) -> DataFrame:
    """Return each item's rhythm, the log of its median gap in days, and its share of buyers who came back, shrunk."""
    gaps = own.select(c.ITEM_INDEX, F.explode(GAPS).alias("gap"))
    gaps_of = gaps.groupBy(c.ITEM_INDEX).agg(F.log(F.median("gap")).alias(RHYTHM), F.count("gap").alias(RHYTHMS))
    shop = gaps.agg(F.log(F.median("gap")).alias("shop_rhythm")).where("shop_rhythm IS NOT NULL")
    came_back = F.count(F.when(F.col(TIMES) > 1, True)).alias(AGAIN)
    buyers = own.groupBy(c.ITEM_INDEX).agg(F.count(F.lit(1)).alias(BUYERS), came_back)
    share = own.agg(F.avg((F.col(TIMES) > 1).cast("int")).alias("shop_again"))  # null where nobody is known
    joined = buyers.join(gaps_of, c.ITEM_INDEX, how="left").crossJoin(shop).crossJoin(share)
    return joined.select(
        c.ITEM_INDEX,
        _shrunk(F.coalesce(RHYTHM, F.lit(0)), F.coalesce(RHYTHMS, F.lit(0)), F.col("shop_rhythm"), prior).alias(RHYTHM),
        ((F.col(AGAIN) + prior * F.col("shop_again")) / (F.col(BUYERS) + prior)).alias(AGAIN),
    )


def _shrunk(value: Column, n: Column, towards: Column, prior: float) -> Column:
    return (n * value + prior * towards) / (n + prior)
