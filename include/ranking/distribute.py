"""Lists of all users on Spark: the catalogue by broadcast, the users some at a time."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

from include import columns as c
from include.ranking.shelf import Catalogue, Shoppers, shelves

if TYPE_CHECKING:
    from pyspark import Broadcast
    from pyspark.sql import DataFrame, SparkSession

USERS_AT_ONCE = 512
CHUNKS_A_TASK = 16
FEWEST_TASKS = 4
OUTPUT = f"""{c.USER_ID} string, {c.SEGMENT} string, {c.ITEM_IDS} array<string>, {c.SCORES} array<float>,
    {c.REASON_CODES} array<tinyint>, {c.REASON_ITEM_IDS} array<string>"""
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def recommend(spark: SparkSession, catalogue: Catalogue, shoppers: Shoppers) -> DataFrame:
    """Return everyone's list in the order of `shoppers`, one row a user; see `shelf.SCHEMA`.

    Users travel in chunks of a fixed size, one row each. So a user is scored together with
    the same others on any number of cores, which keeps the last bit of the scores the same, and
    the number of tasks, so of files, follows from the number of users alone. Every task
    computes on one thread: Spark already uses the cores.
    """
    spark.sparkContext.environment.update(ONE_THREAD)
    chunks = [pickle.dumps(part) for part in split(shoppers)]
    tasks = max(FEWEST_TASKS, -(-len(chunks) // CHUNKS_A_TASK))
    rows = spark.sparkContext.parallelize([(chunk,) for chunk in chunks], max(1, min(tasks, len(chunks))))
    shared = spark.sparkContext.broadcast(catalogue)
    return spark.createDataFrame(rows, "chunk binary").mapInArrow(mapper(shared), OUTPUT)


def split(shoppers: Shoppers, size: int = USERS_AT_ONCE) -> Iterator[Shoppers]:
    """Yield the users in their order, `size` at a time."""
    for start in range(0, len(shoppers.user_ids), size):
        yield shoppers.rows(slice(start, start + size))


def mapper(shared: Broadcast[Catalogue]) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return the function that turns Arrow batches of chunks into batches of lists."""

    def lists(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for chunk in batch.column(0):
                yield shelves(shared.value, pickle.loads(chunk.as_py()))

    return lists
