"""The training set's six tables from the lake's three.

Spark; pure DataFrame to DataFrame. `FORMAT` is part of a training set's fingerprint: raise it
when the same inputs must give other rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

from include import columns as c
from include.features.catalogue import item_rows, user_rows
from include.features.interactions import Periods, dated_events, interaction_rows
from include.features.popularity import buyers, popularity_rows
from include.features.reference import histogram_rows
from include.features.side_features import attribute_names, item_feature_rows, user_feature_rows
from include.features.training_set import INTERACTION_COLUMNS, INTERACTIONS, ITEM_FEATURES, POPULARITY, USER_FEATURES
from include.policy import Policy

FORMAT = 4
FEWEST_PARTITIONS = 4
# Bytes of delivered events whose pairs a task holds in memory
BYTES_A_PARTITION = 8 << 20


@dataclass(frozen=True)
class TrainingFrames:
    """The tables to write, each in its order and in as many partitions as files; and the histograms."""

    tables: dict[str, DataFrame]
    histograms: DataFrame


@contextmanager
def training_frames(
    events: DataFrame,
    items: DataFrame,
    users: DataFrame,
    days: Periods,
    policy: Policy,
    whole: Mapping[str, dt.date] = MappingProxyType({}),
    size: int = 0,
) -> Iterator[TrainingFrames]:
    """Give the frames of a training set; what they share is kept until the context ends.

    Parameters
    ----------
    events, items, users
        The lake's tables up to `days.last`, see EVENT_SCHEMA, ITEM_SCHEMA and USER_SCHEMA.
    whole
        The last day on which all of `items` or `users` were delivered, where the mapping says `delivery: whole`.
    size
        Bytes of the three tables.

    Raises
    ------
    ConfigurationError
        When the policy names a feature that does not exist.
    """
    partitions = FEWEST_PARTITIONS + size // BYTES_A_PARTITION
    # What is grouped by user and item needs no further shuffle
    dated = dated_events(events, days).repartition(partitions, c.USER_ID, c.ITEM_ID)
    dated = dated.persist(StorageLevel.MEMORY_AND_DISK)
    features = attribute_names(policy.features.user_features), attribute_names(policy.features.item_features)
    all_users = user_rows(users, dated, features[0], whole.get(c.USERS)).persist(StorageLevel.MEMORY_AND_DISK)
    all_items = item_rows(items, dated, days.last, features[1], whole.get(c.ITEMS)).persist(
        StorageLevel.MEMORY_AND_DISK
    )
    counts = buyers(dated, all_users, days, policy.features).persist(StorageLevel.MEMORY_AND_DISK)
    tables = {
        c.USERS: _one_file(all_users.select(c.USER_INDEX, c.USER_ID, c.SEGMENT), c.USER_INDEX),
        c.ITEMS: _one_file(_items_with_popularity(all_items, counts), c.ITEM_INDEX),
        INTERACTIONS: _indexed(interaction_rows(dated, days, policy), all_users, all_items, partitions),
        USER_FEATURES: _one_file(user_feature_rows(all_users, policy.features), c.USER_INDEX, c.FEATURE),
        ITEM_FEATURES: _one_file(item_feature_rows(all_items, policy.features), c.ITEM_INDEX, c.FEATURE),
        POPULARITY: _one_file(popularity_rows(counts, all_items), c.SEGMENT, c.RANK),
    }
    try:
        yield TrainingFrames(tables, histogram_rows(events, all_items, all_users, days.last, policy.features))
    finally:
        for frame in (counts, all_items, all_users, dated):
            frame.unpersist()


def _items_with_popularity(items: DataFrame, counts: DataFrame) -> DataFrame:
    everybody = counts.where(F.col(c.SEGMENT) == c.EVERYBODY)
    scores = {c.of_period(c.POPULARITY, period): c.of_period(c.SCORE, period) for period in c.PERIODS}
    return items.join(everybody.select(c.ITEM_ID, *scores.values()), c.ITEM_ID, how="left").select(
        c.ITEM_INDEX,
        c.ITEM_ID,
        c.TITLE,
        c.CATEGORY,
        c.PRICE,
        c.IN_STOCK,
        c.FIRST_SEEN_ON,
        *[F.coalesce(score, F.lit(0)).cast("float").alias(name) for name, score in scores.items()],
    )


def _indexed(pairs: DataFrame, users: DataFrame, items: DataFrame, files: int) -> DataFrame:
    """Replace ids by positions; rows go to files by user, which is the same in every run."""
    rows = pairs.join(users.select(c.USER_ID, c.USER_INDEX), c.USER_ID, how="inner").join(
        items.select(c.ITEM_ID, c.ITEM_INDEX), c.ITEM_ID, how="inner"
    )
    chosen = rows.select(c.USER_INDEX, c.ITEM_INDEX, *INTERACTION_COLUMNS)
    return chosen.repartition(files, c.USER_INDEX).sortWithinPartitions(c.USER_INDEX, c.ITEM_INDEX)


def _one_file(rows: DataFrame, *order: str) -> DataFrame:
    return rows.coalesce(1).sortWithinPartitions(*order)
