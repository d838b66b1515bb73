"""Side features: what items and users share with others of their kind.

Spark; pure DataFrame to DataFrame. A feature is a text such as ``category:BAG``, and every
row carries it fully or not at all.
"""

from __future__ import annotations

from collections.abc import Collection

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

from include import columns as c
from include.errors import ConfigurationError
from include.policy import FeaturePolicy

PRICE_BAND = "price_band"
TITLE_WORDS = "title_words"
WORD = "word"
ATTRIBUTE = "attribute:"


def attribute_names(features: Collection[str]) -> list[str]:
    """Return the attributes that are among `features`."""
    return [name.removeprefix(ATTRIBUTE) for name in features if name.startswith(ATTRIBUTE)]


def item_feature_rows(items: DataFrame, policy: FeaturePolicy) -> DataFrame:
    """Return item_index, feature, weight; see `item_rows` for `items`.

    Raises
    ------
    ConfigurationError
        When the policy names a feature that items do not have.
    """
    known = {
        c.CATEGORY: lambda: _single(c.CATEGORY, F.col(c.CATEGORY)),
        PRICE_BAND: lambda: _single(PRICE_BAND, F.col(PRICE_BAND)),
        TITLE_WORDS: _words,
    }
    features = []
    for name in policy.item_features:
        if name not in known and not name.startswith(ATTRIBUTE):
            raise _unknown("item_features", name, [*known, f"{ATTRIBUTE}<name>"])
        features.append(known[name]() if name in known else _attribute(name))
    return _rows(_with_price_band(items, policy.price_bands), c.ITEM_INDEX, features, policy.min_feature_count)


def user_feature_rows(users: DataFrame, policy: FeaturePolicy) -> DataFrame:
    """Return user_index, feature, weight; see `user_rows` for `users`.

    Raises
    ------
    ConfigurationError
        When the policy names a feature that users do not have.
    """
    features = []
    for name in policy.user_features:
        if name == c.SEGMENT:
            segment = F.when(F.col(c.SEGMENT) != c.EVERYBODY, F.col(c.SEGMENT))
            features.append(_single(c.SEGMENT, segment))
        elif name.startswith(ATTRIBUTE):
            features.append(_attribute(name))
        else:
            raise _unknown("user_features", name, [c.SEGMENT, f"{ATTRIBUTE}<name>"])
    return _rows(users, c.USER_INDEX, features, policy.min_feature_count)


def _rows(rows: DataFrame, index: str, features: list[Column], min_count: int) -> DataFrame:
    every = F.array_distinct(F.flatten(F.array(*features))) if features else F.array().cast("array<string>")
    carried = rows.select(index, F.explode(every).alias(c.FEATURE))
    frequency = F.count(F.lit(1)).over(Window.partitionBy(c.FEATURE))
    frequent = carried.withColumn("carriers", frequency).where(F.col("carriers") >= min_count)
    return frequent.select(index, c.FEATURE, F.lit(1.0).cast("float").alias(c.WEIGHT))


def _with_price_band(items: DataFrame, bands: int) -> DataFrame:
    """Add the quantile of the price, from 0 to bands - 1; equal prices share a band."""
    priced = F.col(c.PRICE).isNotNull()
    share = F.percent_rank().over(Window.partitionBy(priced).orderBy(c.PRICE))
    band = F.least(F.floor(share * bands), F.lit(bands - 1))
    return items.withColumn(PRICE_BAND, F.when(priced, band))


def _single(name: str, value: Column) -> Column:
    """Return the one feature ``name:value`` as an array, none where the value is null."""
    return F.array_compact(F.array(F.concat(F.lit(f"{name}:"), value.cast("string"))))


def _attribute(name: str) -> Column:
    key = name.removeprefix(ATTRIBUTE)
    value = F.trim(F.try_element_at(F.col(c.ATTRIBUTES), F.lit(key)))
    return _single(key, F.when(value != "", value))


def _words() -> Column:
    """Return a feature for each word of the title: its runs of letters, two at least, in upper case."""
    words = F.regexp_extract_all(F.upper(c.TITLE), F.lit(r"(\p{L}{2,})"))
    return F.transform(words, lambda word: F.concat(F.lit(f"{WORD}:"), word))


def _unknown(setting: str, name: str, known: list[str]) -> ConfigurationError:
    return ConfigurationError(
        f"policy setting features.{setting} names {name!r}", remedy=f"use any of {', '.join(known)}"
    )
