"""Spark's own implicit ALS (Hu, Koren and Volinsky 2008): for interactions that one machine cannot train on.

Its penalty grows with a row's number of pairs, which is `ials` with a frequency power of 1 and an unobserved weight of
1 that the penalty does not count. It knows no features, so new items have no vector; the LightFM hybrid beside it in a
blend carries those. Users are not fetched: as in `ials`, a user's vector follows from the history.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from include import columns as c
from include.features import Period, Snapshot, TrainingSet
from include.model.factors import FeatureEmbeddings, FoldIn, HybridModel
from include.model.interactions import check_interactions
from include.model.least_squares import gram
from include.model.recommender import Recommender
from include.model.trainer import Progress, Stages
from include.model_policy import SparkAlsPolicy
from include.types import Floats, Indices, Strings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NAME = "spark_als"
RECIPE = "spark-als-1"


def stages(training_set: TrainingSet, policy: SparkAlsPolicy, progress: Progress, periods: Sequence[Period]) -> Stages:
    """Train each period by itself on the session that is open, or on one of this machine. See `ModelModule.stages`.

    Equal arguments give factors that agree up to rounding: Spark adds in the order in which its parts arrive.
    """
    from pyspark.sql import SparkSession

    for period in periods:
        check_interactions(training_set, period)
    spark = SparkSession.builder.getOrCreate()
    for period in periods:
        snapshot = training_set.at(period)
        rows, vectors = _train(spark, snapshot, policy)
        progress(f"{NAME}, {period}", policy.epochs, policy.epochs)
        yield period, Recommender.single(NAME, _model(rows, vectors, snapshot, policy), policy.popularity_weight)


def _train(spark: SparkSession, snapshot: Snapshot, policy: SparkAlsPolicy) -> tuple[Indices, Floats]:
    """Return the positions of the items that took part, and their vectors."""
    from pyspark.ml.recommendation import ALS

    pairs = snapshot.history.tocoo()
    columns = {c.USER_INDEX: pairs.row, c.ITEM_INDEX: pairs.col, c.WEIGHT: pairs.data}
    frame = spark.createDataFrame(pa.table({name: pa.array(values) for name, values in columns.items()}))
    als = ALS(
        rank=policy.dimensions,
        maxIter=policy.epochs,
        regParam=policy.regularization,
        alpha=policy.alpha,
        implicitPrefs=True,
        seed=policy.seed,
        userCol=c.USER_INDEX,
        itemCol=c.ITEM_INDEX,
        ratingCol=c.WEIGHT,
    )
    if policy.blocks is not None:
        als = als.setNumBlocks(policy.blocks)
    found = als.fit(frame).itemFactors.toArrow()
    order = np.argsort(found["id"].to_numpy())
    vectors = found["features"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return found["id"].to_numpy()[order].astype(np.intp), vectors.reshape(-1, policy.dimensions)[order]


def _model(rows: Indices, vectors: Floats, snapshot: Snapshot, policy: SparkAlsPolicy) -> HybridModel:
    items, d = snapshot.item_features, policy.dimensions
    weights = np.asarray(items.matrix[rows, rows]).ravel()  # an identity's own, beside the features of its row
    none = np.zeros(d, np.float32)
    nobody: Strings = np.empty(0, dtype="U1")
    return HybridModel(
        FeatureEmbeddings(nobody, np.zeros((0, d), np.float32), np.zeros(0, np.float32), none),
        FeatureEmbeddings(
            items.names[rows],
            (vectors / weights[:, None]).astype(np.float32),
            np.zeros(len(rows), np.float32),
            none,
        ),
        FoldIn(
            inner=gram(np.ascontiguousarray(vectors, dtype=np.float32)),
            unobserved=0.0,
            regularization=policy.regularization,
            power=1.0,
            share=0.0,
            confidence=policy.alpha,
            target=1.0,
        ),
    )
