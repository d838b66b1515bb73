from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow.fs import LocalFileSystem

from include.list_kinds import LIST_KINDS, RECOMMENDATIONS
from include.ranking.distribute import Target, part_size, split, summarise, write_lists
from include.ranking.rows import SCHEMA
from tests.include.ranking.made import TOP_N, digest, expected_digest, make_night

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.mark.parametrize(
    ("users", "size"), [(1, 512), (512 * 16, 512), (512 * 16 + 1, 513), (100_000, 6250), (10**8, 8192)]
)
def test_parts_follow_from_the_number_of_users(users: int, size: int) -> None:
    assert part_size(users) == size


def test_parts_keep_everyone_once_and_in_order() -> None:
    _, users = make_night(1100)
    parts = list(split(users))
    assert [len(part.user_ids) for part in parts] == [512, 512, 76]
    assert [user for part in parts for user in part.user_ids] == users.user_ids.tolist()


def test_answers_add_up_in_the_order_of_the_users() -> None:
    counts = {"users": 2, "recommendations": 3, "shortfall": 1, "seen": 1}
    written = summarise({1: ("b", counts, 5), 0: ("a", {**counts, "catalogue": 2}, 7)})
    assert written.files == ("a", "b")
    assert written.counts == {"users": 4, "recommendations": 6, "shortfall": 2}
    assert written.causes == {"seen": 2, "catalogue": 2}
    assert written.digest == 12


@pytest.mark.spark
def test_lists_written_on_spark_are_those_made_without_it(spark: SparkSession, tmp_path: Path) -> None:
    catalogue, users = make_night(1100)
    before = spark.conf.get("spark.sql.execution.arrow.maxRecordsPerBatch")
    written = write_lists(spark, catalogue, users, Target(LocalFileSystem, str(tmp_path)), digest)
    assert written.counts == {"users": 1100, "recommendations": 1100 * TOP_N, "shortfall": 0}
    assert written.digest == expected_digest(catalogue, users)
    assert spark.conf.get("spark.sql.execution.arrow.maxRecordsPerBatch") == before
    table = pa.concat_tables(pq.read_table(tmp_path / file, partitioning=None) for file in written.files)
    assert table["user_id"].to_pylist() == users.user_ids.tolist()
    assert digest(table.cast(SCHEMA), LIST_KINDS[RECOMMENDATIONS]) == written.digest
    assert table.schema.types == SCHEMA.types


@pytest.mark.spark
def test_nobody_is_no_files(spark: SparkSession, tmp_path: Path) -> None:
    catalogue, users = make_night(10)
    written = write_lists(spark, catalogue, users.rows(slice(0, 0)), Target(LocalFileSystem, str(tmp_path)))
    assert (written.files, written.counts["users"], list(tmp_path.iterdir())) == ((), 0, [])
