"""Who and what there is: the latest row of every user and item, with its position.

Spark; pure DataFrame to DataFrame.
"""

from __future__ import annotations

import datetime as dt

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

from include import columns as c

USER_SCHEMA = f"""{c.USER_ID} string, {c.SEGMENT} string, {c.ATTRIBUTES} map<string,string>,
    {c.UPDATED_TS} timestamp, {c.INGEST_DATE} date"""
ITEM_SCHEMA = f"""{c.ITEM_ID} string, {c.TITLE} string, {c.CATEGORY} string, {c.PRICE} double, {c.IN_STOCK} boolean,
    {c.LAUNCHED_ON} date, {c.ATTRIBUTES} map<string,string>, {c.UPDATED_TS} timestamp, {c.INGEST_DATE} date"""

FIRST_DELIVERED = "first_delivered"
FIRST_EVENT = "first_event"


def latest_rows(table: DataFrame, key: str) -> DataFrame:
    """Return one row for each `key`: the one updated last, then delivered last.

    The result has the table's columns less `updated_ts` and `ingest_date`, and `first_delivered`.
    """
    columns = [name for name in table.columns if name not in (key, c.UPDATED_TS, c.INGEST_DATE)]
    latest = F.max_by(F.struct(*columns), F.struct(c.UPDATED_TS, c.INGEST_DATE)).alias("latest")
    rows = table.groupBy(key).agg(latest, F.min(c.INGEST_DATE).alias(FIRST_DELIVERED))
    return rows.select(key, *[F.col(f"latest.{name}").alias(name) for name in columns], FIRST_DELIVERED)


def user_rows(users: DataFrame, daily: DataFrame) -> DataFrame:
    """Return every user of the users table and of the events, with position and segment.

    Parameters
    ----------
    users
        The users table, see `USER_SCHEMA`.
    daily
        See `include.features.interactions.daily_events`.
    """
    active = daily.where(F.col(c.USER_ID).isNotNull()).select(c.USER_ID).distinct()
    rows = latest_rows(users, c.USER_ID).join(active, c.USER_ID, how="full_outer")
    return rows.select(
        _position(c.USER_ID).alias(c.USER_INDEX),
        c.USER_ID,
        _known(c.SEGMENT, F.lit(c.EVERYBODY)).alias(c.SEGMENT),
        c.ATTRIBUTES,
    )


def item_rows(items: DataFrame, daily: DataFrame, run_date: dt.date) -> DataFrame:
    """Return every item of the items table and of the events, with position and first day.

    An item that occurs in events only is called by its id and counts as in stock.
    """
    sold = daily.groupBy(c.ITEM_ID).agg(F.min("day").alias(FIRST_EVENT))
    rows = latest_rows(items, c.ITEM_ID).join(sold, c.ITEM_ID, how="full_outer")
    first_seen = F.coalesce(c.LAUNCHED_ON, F.least(FIRST_DELIVERED, FIRST_EVENT), F.lit(run_date))
    return rows.select(
        _position(c.ITEM_ID).alias(c.ITEM_INDEX),
        c.ITEM_ID,
        _known(c.TITLE, F.col(c.ITEM_ID)).alias(c.TITLE),
        _known(c.CATEGORY, F.lit(None)).alias(c.CATEGORY),
        c.PRICE,
        F.coalesce(c.IN_STOCK, F.lit(True)).alias(c.IN_STOCK),
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
