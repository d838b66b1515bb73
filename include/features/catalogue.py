"""Who and what there is: the latest row of every user and item, with its position.

Spark; pure DataFrame to DataFrame.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

from include import columns as c

USER_SCHEMA = f"""{c.USER_ID} string, {c.SEGMENT} string, {c.ATTRIBUTES} map<string,string>,
    {c.UPDATED_TS} timestamp, {c.ABSENT} array<string>, {c.INGEST_DATE} date"""
ITEM_SCHEMA = f"""{c.ITEM_ID} string, {c.TITLE} string, {c.CATEGORY} string, {c.PRICE} double, {c.IN_STOCK} boolean,
    {c.LAUNCHED_ON} date, {c.ATTRIBUTES} map<string,string>, {c.UPDATED_TS} timestamp, {c.ABSENT} array<string>,
    {c.INGEST_DATE} date"""

FIRST_DELIVERED, LAST_DELIVERED = "first_delivered", "last_delivered"
FIRST_EVENT = "first_event"


def latest_rows(table: DataFrame, key: str, attributes: Collection[str] = ()) -> DataFrame:
    """Return one row for each `key`: of each column the value updated last, then delivered last.

    A value that was absent from a delivery is the one from before; an empty one is empty. The result has the table's
    columns less `updated_ts`, `absent` and `ingest_date`, of the attributes those named, and `first_delivered` and
    `last_delivered`.
    """
    order = F.struct(c.UPDATED_TS, c.INGEST_DATE)

    def latest(name: str, value: Column) -> Column:
        present = ~F.coalesce(F.array_contains(c.ABSENT, name), F.lit(False))
        return F.max_by(F.struct(value.alias("value")), F.when(present, order))["value"].alias(name)

    others = (key, c.UPDATED_TS, c.INGEST_DATE, c.ABSENT, c.ATTRIBUTES)
    columns = [latest(name, F.col(name)) for name in table.columns if name not in others]
    features = [latest(name, F.try_element_at(F.col(c.ATTRIBUTES), F.lit(name))) for name in attributes]
    known = F.map_from_arrays(F.array(*map(F.lit, attributes)), F.array(*features)) if features else F.lit(None)
    days = (F.min(c.INGEST_DATE).alias(FIRST_DELIVERED), F.max(c.INGEST_DATE).alias(LAST_DELIVERED))
    return table.groupBy(key).agg(*columns, known.cast("map<string,string>").alias(c.ATTRIBUTES), *days)


def user_rows(
    users: DataFrame, dated: DataFrame, attributes: Collection[str] = (), whole: dt.date | None = None
) -> DataFrame:
    """Return every user of the users table and of the events, with position and segment.

    Parameters
    ----------
    users
        The users table, see `USER_SCHEMA`.
    dated
        See `include.features.interactions.dated_events`.
    attributes
        Those to return.
    whole
        The last day on which all users were delivered, if that is how they are: who was not among them is gone.
    """
    latest = latest_rows(users, c.USER_ID, attributes)
    active = dated.where(F.col(c.USER_ID).isNotNull()).select(c.USER_ID).distinct()
    rows = latest.join(active, c.USER_ID, how="full_outer")
    if whole is not None:
        rows = rows.where(F.coalesce(F.col(LAST_DELIVERED) >= whole, F.lit(True)))
    return rows.select(
        _position(c.USER_ID).alias(c.USER_INDEX),
        c.USER_ID,
        _known(c.SEGMENT, F.lit(c.EVERYBODY)).alias(c.SEGMENT),
        c.ATTRIBUTES,
    )


def item_rows(
    items: DataFrame,
    dated: DataFrame,
    run_date: dt.date,
    attributes: Collection[str] = (),
    whole: dt.date | None = None,
) -> DataFrame:
    """Return every item of the items table and of the events, with position and first day.

    What cannot be recommended counts as out of stock: an item that occurs in events only, one without a title, and
    one that is gone, because it was not among all items on the day `whole`. A shop that never delivered an item has no
    catalogue to miss one in: whatever it sells counts, and ids stand for titles.
    """
    sold = dated.groupBy(c.ITEM_ID).agg(F.min("day").alias(FIRST_EVENT))
    rows = latest_rows(items, c.ITEM_ID, attributes).join(sold, c.ITEM_ID, how="full_outer")
    first_seen = F.coalesce(c.LAUNCHED_ON, F.least(FIRST_DELIVERED, FIRST_EVENT), F.lit(run_date))
    title = _known(c.TITLE, F.lit(None))
    catalogue = F.max(F.col(LAST_DELIVERED).isNotNull()).over(Window.partitionBy())
    listed = ~catalogue | (title.isNotNull() & (F.lit(True) if whole is None else F.col(LAST_DELIVERED) >= whole))
    return rows.select(
        _position(c.ITEM_ID).alias(c.ITEM_INDEX),
        c.ITEM_ID,
        F.coalesce(title, c.ITEM_ID).alias(c.TITLE),
        _known(c.CATEGORY, F.lit(None)).alias(c.CATEGORY),
        c.PRICE,
        (listed & F.coalesce(c.IN_STOCK, F.lit(True))).alias(c.IN_STOCK),
        first_seen.alias(c.FIRST_SEEN_ON),
        c.ATTRIBUTES,
    )


def _position(key: str) -> Column:
    """Return the row number by `key` from 0: one task sorts the ids, seconds for a few millions."""
    return (F.row_number().over(Window.orderBy(key)) - 1).cast("int")


def _known(name: str, otherwise: Column) -> Column:
    """Return the column's trimmed text, or `otherwise` where there is none."""
    text = F.trim(F.col(name))
    return F.when(text != "", text).otherwise(otherwise)
