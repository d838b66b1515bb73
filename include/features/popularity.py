"""What sold lately, for everybody and by segment.

Spark; pure DataFrame to DataFrame. A user counts once for an item, however often they buy
it, so that one wholesaler is one voice; of anonymous events each counts. What was sent back does not count.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

from include import columns as c
from include.features.interactions import DAY, Periods, total, undone
from include.policy import FeaturePolicy

SEGMENT_MIN_BUYERS = 100.0  # a list made of fewer (user, item) purchases is chance, not taste


def buyers(dated: DataFrame, users: DataFrame, days: Periods, policy: FeaturePolicy) -> DataFrame:
    """Return each item's recent buyers by segment: segment, item_id, score_early, score_before, score_all.

    Everyone counts in the segment "everybody" too, anonymous buyers there only.

    Parameters
    ----------
    dated, users
        See `dated_events` and `user_rows`.
    """
    span = dt.timedelta(days=policy.popularity_days - 1)
    windows = {_score(period): F.col(DAY).between(end - span, end) for period, end in days.ends.items()}
    anywhere = reduce(Column.__or__, windows.values())
    counted = dated.where(F.col(c.EVENT_TYPE).isin([*policy.popularity_events, c.RETURN]) & anywhere)
    by_user = counted.groupBy(c.USER_ID, c.ITEM_ID).agg(
        *[voices(window, policy.popularity_events).alias(score) for score, window in windows.items()]
    )
    sums = (
        by_segment(by_user, users).groupBy(c.SEGMENT, c.ITEM_ID).agg(*[F.sum(score).alias(score) for score in windows])
    )
    return sums.where(F.greatest(*windows) > 0)


def by_segment(by_user: DataFrame, users: DataFrame) -> DataFrame:
    """Return each user's rows for their segment and for "everybody", where anonymous rows are alone."""
    own = F.coalesce(c.SEGMENT, F.lit(c.EVERYBODY))
    segments = F.explode(F.array_distinct(F.array(F.lit(c.EVERYBODY), own)))
    return by_user.join(users.select(c.USER_ID, c.SEGMENT), c.USER_ID, how="left").withColumn(c.SEGMENT, segments)


def voices(window: Column, popular: Collection[str]) -> Column:
    """Return for how many buyers a user's events of an item count within a window; what was sent back counts for none.

    Anonymous events count one by one, less the anonymous returns.
    """
    kind = F.col(c.EVENT_TYPE)
    bought, others = (
        (kind == c.PURCHASE) & kind.isin(list(popular)),
        kind.isin([one for one in popular if one != c.PURCHASE]),
    )
    purchases, returns, rest = (
        total(F.when(window & of_kind, F.lit(1))) for of_kind in (bought, kind == c.RETURN, others)
    )
    change = F.when(kind == c.PURCHASE, F.col(c.QUANTITY)).when(kind == c.RETURN, -F.col(c.QUANTITY))
    kept = (purchases > 0) & ~undone(window, change)
    anonymous = rest + F.greatest(purchases - returns, F.lit(0))
    return F.when(F.col(c.USER_ID).isNull(), anonymous).otherwise((kept | (rest > 0)).cast("long"))


def popularity_rows(counts: DataFrame, items: DataFrame) -> DataFrame:
    """Return the lists of "everybody" and of each segment with enough buyers, best first by score_all.

    Parameters
    ----------
    counts
        See `buyers`.
    items
        See `item_rows`.
    """
    scores = [_score(period) for period in reversed(c.PERIODS)]
    whole = F.sum(scores[0]).over(Window.partitionBy(c.SEGMENT))
    order = Window.partitionBy(c.SEGMENT).orderBy(*[F.desc(score) for score in scores], c.ITEM_INDEX)
    enough = (F.col("whole") >= SEGMENT_MIN_BUYERS) | (F.col(c.SEGMENT) == c.EVERYBODY)
    rows = counts.withColumn("whole", whole).where(enough).join(items.select(c.ITEM_ID, c.ITEM_INDEX), c.ITEM_ID)
    return rows.select(
        c.SEGMENT,
        F.row_number().over(order).alias(c.RANK),
        c.ITEM_INDEX,
        *[F.col(score).cast("float").alias(score) for score in scores],
    )


def _score(period: str) -> str:
    return c.of_period(c.SCORE, period)
