"""What a lake on S3 costs Spark: rows written through S3A by the magic committer against local Parquet.

The server is the one of `make nightly LAKE=s3`, on this machine: it shares cores and disk with Spark. A turn
writes the same rows to both lakes, one right after the other, and counts them in the files as every job does. The first
turn, whose writes load classes, is told apart; of the others' ratios the median counts.
"""

from __future__ import annotations

import logging
import os
import tempfile
import time
from statistics import median
from typing import TYPE_CHECKING

from include.lake import Lake, open_lake
from include.settings import load_settings
from include.spark.files import write_parquet
from include.spark.session import spark_session
from tests.s3_servers import BUCKET, s3_in_environment

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

logger = logging.getLogger("nightshelf.bench")

ROWS = {"quick": 100_000, "full": 10_000_000}
TURNS = {"quick": 1, "full": 3}
FOLDER = "events"


def run(scale: str) -> dict[str, float | str | list[float]]:
    """Return seconds and the ratio of S3 to local files; `s3_write_over_local` is the median of the turns.

    Parameters
    ----------
    scale
        "quick" or "full".
    """
    with tempfile.TemporaryDirectory() as home, s3_in_environment():
        where = {"NIGHTSHELF_HOME": home, "SPARK_MASTER": f"local[{len(os.sched_getaffinity(0))}]"}
        settings = load_settings({**where, "LAKE_URI": f"s3://{BUCKET}/lake"})
        lakes = {"local": open_lake(load_settings(where).lake_uri), "s3": open_lake(settings.lake_uri)}
        with spark_session("benchmark-s3", settings) as spark:
            return _measure(spark, lakes, ROWS[scale], TURNS[scale])


def _measure(
    spark: SparkSession, lakes: dict[str, Lake], rows: int, turns: int
) -> dict[str, float | str | list[float]]:
    frame = events(spark, rows)
    seconds: list[dict[str, float]] = []
    for turn in range(turns + 1):
        order = list(lakes) if turn % 2 else list(reversed(lakes))
        seconds.append({name: _write(lakes[name], frame) for name in order})
        logger.info("turn %d: %s", turn, seconds[-1])
        for lake in lakes.values():
            lake.delete(FOLDER)
    ratios = [one["s3"] / one["local"] for one in seconds]
    return {
        "s3_rows": f"{rows:,}",
        "s3_write_over_local": median(ratios[1:]),
        "s3_write_over_local_turns": [round(ratio, 2) for ratio in ratios[1:]],
        "s3_write_over_local_first": ratios[0],
        "s3_write_seconds": median(one["s3"] for one in seconds[1:]),
        "s3_write_local_seconds": median(one["local"] for one in seconds[1:]),
    }


def _write(lake: Lake, frame: DataFrame) -> float:
    started = time.monotonic()
    write_parquet(lake, frame, FOLDER)
    return time.monotonic() - started


def events(spark: SparkSession, rows: int) -> DataFrame:
    """Return events like those of a shop: ids as text, a time, a price; one of the ids never repeats."""
    from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

    number = F.col("id")
    kinds = F.array(*map(F.lit, ("view", "cart", "purchase")))

    def random(values: int, seed: int) -> Column:
        return F.pmod(F.xxhash64(number, F.lit(seed)), F.lit(values))

    return spark.range(rows).select(
        F.concat(F.lit("e"), number).alias("event_id"),
        F.concat(F.lit("u"), random(200_000, 0)).alias("user_id"),
        F.concat(F.lit("i"), random(20_000, 1)).alias("item_id"),
        F.element_at(kinds, random(3, 2).cast("int") + 1).alias("event_type"),
        F.timestamp_seconds(F.lit(1_700_000_000) + random(86_400, 3)).alias("event_ts"),
        (random(10_000, 4) / 100).alias("price"),
    )
