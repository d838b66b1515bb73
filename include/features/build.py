"""The training set's six tables from the lake's three.

Spark; pure DataFrame to DataFrame. `FORMAT` is part of a training set's fingerprint: raise it
when the same inputs must give other rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

from include import columns as c
from include.features.catalogue import item_rows, user_rows
from include.features.interactions import Periods, daily_events, interaction_rows
from include.features.popularity import buyers, popularity_rows
from include.features.reference import histogram_rows
from include.features.side_features import item_feature_rows, user_feature_rows
from include.features.training_set import INTERACTIONS, ITEM_FEATURES, POPULARITY, USER_FEATURES
from include.policy import Policy

FORMAT = 2
INTERACTION_FILES = 4


@dataclass(frozen=True)
class TrainingFrames:
    """The tables to write, each in its order and in as many partitions as files; and the histograms."""

    tables: dict[str, DataFrame]
    histograms: DataFrame


@contextmanager
def training_frames(
    events: DataFrame, items: DataFrame, users: DataFrame, days: Periods, policy: Policy
) -> Iterator[TrainingFrames]:
    """Give the frames of a training set; what they share is kept until the context ends.

    Parameters
    ----------
    events, items, users
        The lake's tables up to `days.last`, see EVENT_SCHEMA, ITEM_SCHEMA and USER_SCHEMA.

    Raises
    ------
    ConfigurationError
        When the policy names a feature that does not exist.
    """
    daily = daily_events(events, days).persist(StorageLevel.MEMORY_AND_DISK)
    all_users = user_rows(users, daily).persist(StorageLevel.MEMORY_AND_DISK)
    all_items = item_rows(items, daily, days.last).persist(StorageLevel.MEMORY_AND_DISK)
    counts = buyers(daily, all_users, days, policy.features).persist(StorageLevel.MEMORY_AND_DISK)
    tables = {
        c.USERS: _one_file(all_users.select(c.USER_INDEX, c.USER_ID, c.SEGMENT), c.USER_INDEX),
        c.ITEMS: _one_file(_items_with_popularity(all_items, counts), c.ITEM_INDEX),
        INTERACTIONS: _indexed(interaction_rows(daily, days, policy), all_users, all_items),
        USER_FEATURES: _one_file(user_feature_rows(all_users, policy.features), c.USER_INDEX, c.FEATURE),
        ITEM_FEATURES: _one_file(item_feature_rows(all_items, policy.features), c.ITEM_INDEX, c.FEATURE),
        POPULARITY: _one_file(popularity_rows(counts, all_items), c.SEGMENT, c.RANK),
    }
    try:
        yield TrainingFrames(tables, histogram_rows(events, all_items, all_users, days.last, policy.features))
    finally:
        for frame in (counts, all_items, all_users, daily):
            frame.unpersist()


def _items_with_popularity(items: DataFrame, counts: DataFrame) -> DataFrame:
    everybody = counts.where(F.col(c.SEGMENT) == c.EVERYBODY)
    return items.join(everybody.select(c.ITEM_ID, c.SCORE_BEFORE, c.SCORE_ALL), c.ITEM_ID, how="left").select(
        c.ITEM_INDEX,
        c.ITEM_ID,
        c.TITLE,
        c.CATEGORY,
        c.PRICE,
        c.IN_STOCK,
        c.FIRST_SEEN_ON,
        F.coalesce(c.SCORE_BEFORE, F.lit(0)).cast("float").alias(c.POPULARITY_BEFORE),
        F.coalesce(c.SCORE_ALL, F.lit(0)).cast("float").alias(c.POPULARITY_ALL),
    )


def _indexed(pairs: DataFrame, users: DataFrame, items: DataFrame) -> DataFrame:
    """Replace ids by positions; rows go to files by user, which is the same in every run."""
    rows = pairs.join(users.select(c.USER_ID, c.USER_INDEX), c.USER_ID, how="inner").join(
        items.select(c.ITEM_ID, c.ITEM_INDEX), c.ITEM_ID, how="inner"
    )
    counts = (c.WEIGHT_BEFORE, c.WEIGHT_ALL, c.N_BEFORE, c.N_AFTER)
    days = (c.BOUGHT_ON, c.CARTED_ON, c.VIEWED_ON)
    chosen = rows.select(c.USER_INDEX, c.ITEM_INDEX, *counts, *days)
    return chosen.repartition(INTERACTION_FILES, c.USER_INDEX).sortWithinPartitions(c.USER_INDEX, c.ITEM_INDEX)


def _one_file(rows: DataFrame, *order: str) -> DataFrame:
    return rows.coalesce(1).sortWithinPartitions(*order)
