"""The purchases that count: what was bought and not brought back, with its basket.

Spark; pure DataFrame to DataFrame.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

from include import columns as c
from include.features.interactions import DAY, EVENT_SCHEMA, LARGEST_QUANTITY, QUANTITY_UNITS, Periods, undone

SALES_SCHEMA = f"{EVENT_SCHEMA}, {c.ORDER_ID} string"
BASKET = "basket"
BUYER = "buyer"


def purchases(events: DataFrame, items: DataFrame, days: Periods) -> DataFrame:
    """Return what was bought within `days`, one row a basket, item and day.

    A basket is an order; where the shop has no order numbers it is what a user bought in a day. A line without either
    is left out: nobody knows what it was bought with. What a user, or an anonymous order, sent back in full counts as
    never bought.

    Parameters
    ----------
    events
        See `SALES_SCHEMA`.
    items
        item_id, item_index.

    Returns
    -------
    DataFrame
        basket, user_id (null: anonymous), item_index, day.
    """
    kind, user, order = F.col(c.EVENT_TYPE), F.col(c.USER_ID), F.nullif(F.trim(c.ORDER_ID), F.lit(""))
    day = F.to_date(c.EVENT_TS)
    lines = events.where(kind.isin(c.PURCHASE, c.RETURN) & day.between(days.first, days.last)).select(
        F.coalesce(F.concat(F.lit("u"), user), F.concat(F.lit("o"), order)).alias(BUYER),
        F.coalesce(F.concat(F.lit("o"), order), F.concat_ws(" ", F.lit("u"), user, day)).alias(BASKET),
        c.USER_ID,
        c.ITEM_ID,
        day.alias(DAY),
        c.EVENT_TYPE,
        c.QUANTITY,
    )
    known = lines.where(F.col(BUYER).isNotNull())
    bought = known.where(kind == c.PURCHASE).join(_sent_back(known), [BUYER, c.ITEM_ID], how="left_anti")
    indexed = bought.join(items.select(c.ITEM_ID, c.ITEM_INDEX), c.ITEM_ID, how="inner")
    return indexed.select(BASKET, c.USER_ID, c.ITEM_INDEX, DAY).distinct()


def _sent_back(lines: DataFrame) -> DataFrame:
    """Return the buyers and items of which no more was bought than sent back."""
    pair, kind = [BUYER, c.ITEM_ID], F.col(c.EVENT_TYPE)
    returned = lines.where(kind == c.RETURN).select(*pair).distinct()
    change = F.round(F.least(c.QUANTITY, F.lit(LARGEST_QUANTITY)) * QUANTITY_UNITS).cast("long")
    signed: Column = F.when(kind == c.RETURN, -change).otherwise(change)
    whole = lines.join(returned, pair, how="left_semi").groupBy(*pair).agg(undone(F.lit(True), signed).alias("undone"))
    return whole.where("undone").select(*pair)
