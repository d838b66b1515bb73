"""What sold lately, for everybody and by segment.

Spark; pure DataFrame to DataFrame. A user counts once for an item, however often they buy
it, so that one wholesaler is one voice; of anonymous events each counts.
"""

from __future__ import annotations

import datetime as dt

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

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
    in_before = F.col(DAY).between(days.cutoff - span + dt.timedelta(days=1), days.cutoff)
    in_all = F.col(DAY) > days.last - span
    counted = daily.where(F.col(c.EVENT_TYPE).isin(list(policy.popularity_events)) & (in_before | in_all))
    anonymous = F.col(c.USER_ID).isNull()
    voices = F.when(anonymous, F.col(LINES)).otherwise(1)
    add = F.when(anonymous, F.sum("voices_before")).otherwise(F.max("voices_before"))
    add_all = F.when(anonymous, F.sum("voices_all")).otherwise(F.max("voices_all"))
    by_user = (
        counted.withColumn("voices_before", F.when(in_before, voices).otherwise(0))
        .withColumn("voices_all", F.when(in_all, voices).otherwise(0))
        .groupBy(c.USER_ID, c.ITEM_ID)
        .agg(add.alias(c.SCORE_BEFORE), add_all.alias(c.SCORE_ALL))
    )
    own = F.coalesce(c.SEGMENT, F.lit(c.EVERYBODY))
    segments = F.explode(F.array_distinct(F.array(F.lit(c.EVERYBODY), own)))
    spread = by_user.join(users.select(c.USER_ID, c.SEGMENT), c.USER_ID, how="left").withColumn(c.SEGMENT, segments)
    sums = spread.groupBy(c.SEGMENT, c.ITEM_ID).agg(F.sum(c.SCORE_BEFORE), F.sum(c.SCORE_ALL))
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
    whole = F.sum(c.SCORE_ALL).over(Window.partitionBy(c.SEGMENT))
    order = Window.partitionBy(c.SEGMENT).orderBy(F.desc(c.SCORE_ALL), F.desc(c.SCORE_BEFORE), c.ITEM_INDEX)
    enough = (F.col("whole") >= SEGMENT_MIN_BUYERS) | (F.col(c.SEGMENT) == c.EVERYBODY)
    rows = counts.withColumn("whole", whole).where(enough).join(items.select(c.ITEM_ID, c.ITEM_INDEX), c.ITEM_ID)
    return rows.select(
        c.SEGMENT,
        F.row_number().over(order).alias(c.RANK),
        c.ITEM_INDEX,
        F.col(c.SCORE_BEFORE).cast("float").alias(c.SCORE_BEFORE),
        F.col(c.SCORE_ALL).cast("float").alias(c.SCORE_ALL),
    )
