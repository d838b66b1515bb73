"""What is bought together, above chance.

Spark; pure DataFrame to DataFrame. Sums are of whole numbers, see `include.features.interactions`.
"""

from __future__ import annotations

import datetime as dt

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

from include import columns as c
from include.features.interactions import DAY, WEIGHT_UNITS
from include.policy import SalesPolicy
from include.sales.purchases import BASKET

CHOSEN = "chosen"
OWN, OTHERS, WHOLE = "own", "others", "whole"


def pair_rows(bought: DataFrame, run_date: dt.date, policy: SalesPolicy) -> DataFrame:
    """Return what is bought together with each item: item_index, other_index, weight, support, lift, score.

    Each pair is there both ways. `weight` is the number of shared baskets, each counted 0.5^(age / half-life);
    `support` counts them whole. With expected = weight of the one * weight of the other / weight of all baskets,
    lift = (weight + prior) / (expected + prior), the mean of a Poisson rate under a gamma prior of mean 1 (DuMouchel
    1999): a few shared baskets prove little. score = weight * ln(lift), the pair's own part of the log-likelihood
    ratio: it needs both evidence and surprise. Only pairs above chance are kept.

    Parameters
    ----------
    bought
        See `purchases`.
    """
    baskets = _baskets(bought, run_date, policy)
    pairs = _pairs(baskets, policy)
    single = baskets.select(F.explode(CHOSEN).alias(c.ITEM_INDEX), c.WEIGHT)
    own = single.groupBy(c.ITEM_INDEX).agg(F.sum(c.WEIGHT).alias(OWN))
    whole = baskets.agg(F.sum(c.WEIGHT).alias(WHOLE))
    other = own.select(F.col(c.ITEM_INDEX).alias(c.OTHER_INDEX), F.col(OWN).alias(OTHERS))
    counted = pairs.join(own, c.ITEM_INDEX, how="inner").join(other, c.OTHER_INDEX, how="inner").crossJoin(whole)
    weight = F.col(c.WEIGHT) / WEIGHT_UNITS
    expected = F.col(OWN) / WEIGHT_UNITS * F.col(OTHERS) / F.col(WHOLE)
    lift = (weight + policy.pair_prior) / (expected + policy.pair_prior)
    rows = counted.select(
        c.ITEM_INDEX,
        c.OTHER_INDEX,
        weight.cast("float").alias(c.WEIGHT),
        c.SUPPORT,
        lift.cast("float").alias(c.LIFT),
        (weight * F.log(lift)).cast("float").alias(c.SCORE),
    )
    return _best(rows.where(F.col(c.LIFT) > 1), policy.neighbours)


def _baskets(bought: DataFrame, run_date: dt.date, policy: SalesPolicy) -> DataFrame:
    """Return each basket's items and its weight in whole units.

    Of a wide basket, a wholesaler's order, an even sample of `max_basket_items` counts: its pairs grow as the square
    of its items, and say less each. The sample is the same in every run.
    """
    shuffled = F.struct(F.xxhash64(BASKET, c.ITEM_INDEX), c.ITEM_INDEX)
    some = F.slice(F.array_sort(F.collect_set(shuffled)), 1, policy.max_basket_items)
    grouped = bought.groupBy(BASKET).agg(some[c.ITEM_INDEX].alias(CHOSEN), F.max(DAY).alias(DAY))
    age = F.datediff(F.lit(run_date), DAY)
    decayed = F.round(F.pow(F.lit(0.5), age / policy.half_life_days) * WEIGHT_UNITS).cast("long")
    return grouped.select(CHOSEN, decayed.alias(c.WEIGHT))


def _pairs(baskets: DataFrame, policy: SalesPolicy) -> DataFrame:
    one = baskets.where(F.size(CHOSEN) > 1).select(F.explode(CHOSEN).alias(c.ITEM_INDEX), CHOSEN, c.WEIGHT)
    two = one.select(c.ITEM_INDEX, F.explode(CHOSEN).alias(c.OTHER_INDEX), c.WEIGHT)
    counted = (
        two.where(F.col(c.ITEM_INDEX) < F.col(c.OTHER_INDEX))
        .groupBy(c.ITEM_INDEX, c.OTHER_INDEX)
        .agg(F.sum(c.WEIGHT).alias(c.WEIGHT), F.count(F.lit(1)).cast("int").alias(c.SUPPORT))
        .where(F.col(c.SUPPORT) >= policy.min_support)
    )
    there = F.struct(c.ITEM_INDEX, c.OTHER_INDEX)
    back = F.struct(F.col(c.OTHER_INDEX).alias(c.ITEM_INDEX), F.col(c.ITEM_INDEX).alias(c.OTHER_INDEX))
    both = counted.select(F.explode(F.array(there, back)).alias("pair"), c.WEIGHT, c.SUPPORT)
    return both.select("pair.*", c.WEIGHT, c.SUPPORT)


def _best(rows: DataFrame, n: int) -> DataFrame:
    order = Window.partitionBy(c.ITEM_INDEX).orderBy(F.desc(c.SCORE), c.OTHER_INDEX)
    return rows.withColumn(c.RANK, F.row_number().over(order)).where(F.col(c.RANK) <= n).drop(c.RANK)
