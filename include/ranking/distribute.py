"""Lists of all users on Spark: the catalogue by broadcast, the users some at a time."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
ARROW = "spark.sql.execution.arrow"
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
    chunks = pa.table({"chunk": pa.array([pickle.dumps(part) for part in split(shoppers, USERS_AT_ONCE)], pa.binary())})
    a_task = max(1, min(CHUNKS_A_TASK, len(chunks) // FEWEST_TASKS))
    # Spark makes each Arrow batch a partition, unless it takes the table for a local relation.
    with _configured(spark, {f"{ARROW}.localRelationThreshold": "0", f"{ARROW}.maxRecordsPerBatch": str(a_task)}):
        rows = spark.createDataFrame(chunks)
    return rows.mapInArrow(mapper(spark.sparkContext.broadcast(catalogue)), OUTPUT)


@contextmanager
def _configured(spark: SparkSession, options: dict[str, str]) -> Iterator[None]:
    before = {name: spark.conf.get(name) for name in options}
    for name, value in options.items():
        spark.conf.set(name, value)
    yield
    for name, earlier in before.items():
        spark.conf.set(name, str(earlier))


def split(shoppers: Shoppers, size: int) -> Iterator[Shoppers]:
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
