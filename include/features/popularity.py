"""What sold lately, for everybody and by segment.

Spark; pure DataFrame to DataFrame. A user counts once for an item, however often they buy
it, so that one wholesaler is one voice; of anonymous events each counts.
"""

from __future__ import annotations

import datetime as dt

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as f

from include import columns as c
from include.features.interactions import DAY, LINES, Periods
from include.policy import FeaturePolicy

SEGMENT_MIN_BUYERS = 100.0  # a list made of fewer (user, item) purchases is chance, not taste


def buyers(daily: DataFrame, users: DataFrame, days: Periods, policy: FeaturePolicy) -> DataFrame:
    """Return each item's recent buyers by segment: segment, item_id, score_before, score_all.

    Everyone counts in the segment "everybody" too, anonymous buyers there only.

    Parameters
    ----------
    daily, users
        See `daily_events` and `user_rows`.
    """
    span = dt.timedelta(days=policy.popularity_days)
    in_before = f.col(DAY).between(days.cutoff - span + dt.timedelta(days=1), days.cutoff)
    in_all = f.col(DAY) > days.last - span
    counted = daily.where(f.col(c.EVENT_TYPE).isin(list(policy.popularity_events)) & (in_before | in_all))
    anonymous = f.col(c.USER_ID).isNull()
    voices = f.when(anonymous, f.col(LINES)).otherwise(1)
    add = f.when(anonymous, f.sum("voices_before")).otherwise(f.max("voices_before"))
    add_all = f.when(anonymous, f.sum("voices_all")).otherwise(f.max("voices_all"))
    by_user = (
        counted.withColumn("voices_before", f.when(in_before, voices).otherwise(0))
        .withColumn("voices_all", f.when(in_all, voices).otherwise(0))
        .groupBy(c.USER_ID, c.ITEM_ID)
        .agg(add.alias(c.SCORE_BEFORE), add_all.alias(c.SCORE_ALL))
    )
    own = f.coalesce(c.SEGMENT, f.lit(c.EVERYBODY))
    segments = f.explode(f.array_distinct(f.array(f.lit(c.EVERYBODY), own)))
    spread = by_user.join(users.select(c.USER_ID, c.SEGMENT), c.USER_ID, how="left").withColumn(c.SEGMENT, segments)
    sums = spread.groupBy(c.SEGMENT, c.ITEM_ID).agg(f.sum(c.SCORE_BEFORE), f.sum(c.SCORE_ALL))
    return sums.toDF(c.SEGMENT, c.ITEM_ID, c.SCORE_BEFORE, c.SCORE_ALL)


def popularity_rows(counts: DataFrame, items: DataFrame) -> DataFrame:
    """Return the lists of "everybody" and of each segment with enough buyers, best first by score_all.

    Parameters
    ----------
    counts
        See `buyers`.
    items
        See `item_rows`.
    """
    whole = f.sum(c.SCORE_ALL).over(Window.partitionBy(c.SEGMENT))
    order = Window.partitionBy(c.SEGMENT).orderBy(f.desc(c.SCORE_ALL), f.desc(c.SCORE_BEFORE), c.ITEM_INDEX)
    enough = (f.col("whole") >= SEGMENT_MIN_BUYERS) | (f.col(c.SEGMENT) == c.EVERYBODY)
    rows = counts.withColumn("whole", whole).where(enough).join(items.select(c.ITEM_ID, c.ITEM_INDEX), c.ITEM_ID)
    return rows.select(
        c.SEGMENT,
        f.row_number().over(order).alias(c.RANK),
        c.ITEM_INDEX,
        f.col(c.SCORE_BEFORE).cast("float").alias(c.SCORE_BEFORE),
        f.col(c.SCORE_ALL).cast("float").alias(c.SCORE_ALL),
    )
