"""What Spark costs: everyone's lists on Spark, written to Parquet, against the kernel alone and Spark's own ALS.

The users and items are random; every user has seen some items, which are left out. All runs use the same
threads: Spark one task a core, the kernel alone as many threads. A run over some of the users starts workers and
loads compiled code, then all of them are measured, in turn, and the median counts.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow.fs import LocalFileSystem
from scipy import sparse

from include.features import SegmentPopularity
from include.model.factors import Factors
from include.ranking import Catalogue, Profile, Rules, UserSlice, top_n
from include.ranking.distribute import Target, write_lists
from include.settings import load_settings
from include.spark.session import spark_session

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

TOP_N, DIMENSIONS, SEEN = 100, 64, 50
ALS_BLOCKS = 10
WARM = 8


class Case(NamedTuple):
    """So many users and items, so many users for Spark's own ALS, which is slow, and how many turns."""

    name: str
    users: int
    items: int
    als_users: int
    turns: int


CASES = {
    "quick": [Case("small", 4_000, 5_000, 500, 1)],
    "full": [Case("20k_items", 100_000, 20_000, 4_000, 3), Case("200k_items", 50_000, 200_000, 500, 1)],
}


def run(scale: str) -> dict[str, float | str]:
    """Return users a second and shares by case; `spark_share_*` is Spark to Parquet over the kernel alone.

    Parameters
    ----------
    scale
        "quick" or "full".
    """
    cores = len(os.sched_getaffinity(0))
    figures: dict[str, float | str] = {"spark_cores": float(cores)}
    with tempfile.TemporaryDirectory() as home:
        os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(home, "kernel")))
        # Spark's own ALS computes in the JVM: it gets all of its compilers, unlike our short jobs
        java = "-XX:+UseParallelGC"
        where = {"NIGHTSHELF_HOME": home, "SPARK_MASTER": f"local[{cores}]", "SPARK_JAVA_OPTIONS": java}
        settings = load_settings(where)
        with spark_session("benchmark", settings) as spark:
            for case in CASES[scale]:
                figures |= _measure(spark, Path(home), case, cores)
    return figures


def _measure(spark: SparkSession, home: Path, case: Case, cores: int) -> dict[str, float | str]:
    catalogue, users = make_case(case.users, case.items)
    without_history = replace(users, history=sparse.csr_matrix(users.history.shape, dtype=np.float32))

    def alone(people: UserSlice) -> None:
        top_n(people.factors, catalogue.items, TOP_N, exclude=people.seen, threads=cores)

    def on_spark(people: UserSlice) -> None:
        with tempfile.TemporaryDirectory(dir=home) as folder:
            write_lists(spark, catalogue, people, Target(LocalFileSystem, folder))

    ways: dict[str, tuple[Callable[[UserSlice], None], UserSlice]] = {
        "kernel": (alone, users),
        "spark": (on_spark, without_history),
        "spark_with_reasons": (on_spark, users),
    }
    some = slice(0, case.users // WARM)
    for run, people in ways.values():
        run(people.rows(some))
    turns = [{name: _seconds(run, people) for name, (run, people) in ways.items()} for _ in range(case.turns)]
    als = case.als_users / _als(spark, catalogue.items, users.factors, case.als_users)
    return {
        **{f"{name}_users_per_s_{case.name}": case.users / _median(turns, name) for name in ways},
        f"als_users_per_s_{case.name}": als,
        f"spark_share_{case.name}": median(turn["kernel"] / turn["spark"] for turn in turns),
        f"spark_share_with_reasons_{case.name}": median(turn["kernel"] / turn["spark_with_reasons"] for turn in turns),
        f"spark_over_als_{case.name}": case.users / _median(turns, "spark") / als,
    }


def _median(turns: list[dict[str, float]], name: str) -> float:
    return median(turn[name] for turn in turns)


def _seconds(run: Callable[[UserSlice], None], people: UserSlice) -> float:
    started = time.perf_counter()
    run(people)
    return time.perf_counter() - started


def make_case(n_users: int, n_items: int, seed: int = 1) -> tuple[Catalogue, UserSlice]:
    """Return random factors, and a history of `SEEN` items a user that is left out of the lists."""
    random = np.random.default_rng(seed)
    items, users = (
        Factors(
            random.normal(size=(rows, DIMENSIONS)).astype(np.float32),
            random.normal(size=rows).astype(np.float32),
            np.ones(rows, bool),
        )
        for rows in (n_items, n_users)
    )
    history = sparse.csr_matrix(
        (
            np.ones(n_users * SEEN, np.float32),
            random.integers(0, n_items, n_users * SEEN).astype(np.int32),
            np.arange(0, n_users * SEEN + 1, SEEN),
        ),
        shape=(n_users, n_items),
    )
    history.sum_duplicates()
    rules = Rules(
        top_n=TOP_N,
        categories=np.full(n_items, -1, np.int32),
        cap=0,
        is_new=np.zeros(n_items, bool),
        min_new=0,
        common=Profile(np.ones(n_items, bool), np.empty(0, np.int32)),
        profiles={},
    )
    best = np.arange(min(n_items, 100), dtype=np.int32)
    sold = np.linspace(100, 1, len(best)).astype(np.float32)
    popularity = {"everybody": SegmentPopularity(best, sold)}
    catalogue = Catalogue(
        np.char.add("item-", np.arange(n_items).astype(np.str_)), items, rules, popularity, n_popular=100
    )
    names = np.char.add("user-", np.arange(n_users).astype(np.str_))
    return catalogue, UserSlice(names, np.full(n_users, "everybody"), users, history.astype(bool), history)


def _als(spark: SparkSession, items: Factors, users: Factors, n_users: int) -> float:
    """Return the seconds of Spark's recommendForAllUsers on the same vectors, without exclusions, to Parquet."""
    from pyspark.ml.recommendation import ALSModel

    frames = [_frame(spark, vectors).persist() for vectors in (users.vectors[:n_users], items.vectors)]
    for frame in frames:
        frame.count()
    java = spark.sparkContext._jvm.org.apache.spark.ml.recommendation.ALSModel(
        "als", DIMENSIONS, frames[0]._jdf, frames[1]._jdf
    )
    model = ALSModel(java.setUserCol("user").setItemCol("item"))
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        model.recommendForAllUsers(TOP_N).write.parquet(f"file://{folder}/lists")
        seconds = time.perf_counter() - started
    for frame in frames:
        frame.unpersist()
    return seconds


def _frame(spark: SparkSession, vectors: np.ndarray) -> DataFrame:
    """Return the factors as ALS keeps them, in its own number of blocks."""
    offsets = np.arange(0, vectors.size + 1, vectors.shape[1], dtype=np.int32)
    features = pa.ListArray.from_arrays(pa.array(offsets), pa.array(vectors.ravel()))
    table = pa.table({"id": pa.array(np.arange(len(vectors), dtype=np.int32)), "features": features})
    return spark.createDataFrame(table).repartition(ALS_BLOCKS)
