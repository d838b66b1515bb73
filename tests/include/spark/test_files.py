from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from pyspark.errors import AnalysisException

from include.errors import LakeError
from include.lake import FileInfo, LocalLake, partition_folder, partition_uris
from include.spark.files import read_parquet, write_parquet
from tests.include.checks.partitions import commit_rows

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark


class Late(LocalLake):
    """A lake whose listings do not show the last file."""

    def list_files(self, folder: str) -> list[FileInfo]:
        return [file for file in super().list_files(folder) if file.path.endswith(".parquet")][:-1]


@pytest.fixture
def lake(tmp_path: Path) -> LocalLake:
    return LocalLake(str(tmp_path))


def test_each_row_is_in_one_of_the_files(spark: SparkSession, lake: LocalLake) -> None:
    frame = spark.range(100).selectExpr("id", "id % 3 AS day").repartition(2)
    written = write_parquet(lake, frame, "t", by=["day"])
    assert {path.split("/")[0] for path in written} == {"day=0", "day=1", "day=2"}
    assert sum(written.values()) == 100
    for path, rows in written.items():
        assert pq.read_metadata(lake.root / "t" / path).num_rows == rows


def test_no_rows_are_written_too(spark: SparkSession, lake: LocalLake) -> None:
    assert sum(write_parquet(lake, spark.createDataFrame([], "id long"), "t").values()) == 0
    empty = spark.range(9).where("id < 0").groupBy("id").count()
    assert sum(write_parquet(lake, empty, "u").values()) == 0


def test_a_file_that_no_listing_shows_is_missed(spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(LakeError, match=r"shows 5 rows in 1 files, Spark wrote 10.*listings lag behind"):
        write_parquet(Late(str(tmp_path)), spark.range(0, 10, 1, 2), "t")


DAYS = [dt.date(2025, 1, day) for day in (1, 2, 3, 4)]
SCHEMA = "user_id string, ingest_date date"


@pytest.fixture
def table(lake: LocalLake) -> LocalLake:
    """A lake with a committed file in `users` for each of `DAYS`."""
    for day in DAYS:
        commit_rows(lake, "users", [{"user_id": f"u{day.day}"}], day=day)
    return lake


def committed_file(lake: LocalLake, day: dt.date) -> Path:
    (path,) = (lake.root / partition_folder("users", day)).glob("*.parquet")
    return path


def read(spark: SparkSession, lake: LocalLake, first: dt.date, last: dt.date) -> list[tuple[str, dt.date]]:
    frame = read_parquet(spark, lake, "users", partition_uris(lake, "users", first, last)[0], SCHEMA)
    return sorted((row["user_id"], row["ingest_date"]) for row in frame.collect())


def test_the_days_that_were_asked_for_are_read(spark: SparkSession, table: LocalLake) -> None:
    assert read(spark, table, DAYS[1], DAYS[2]) == [("u2", DAYS[1]), ("u3", DAYS[2])]
    assert read(spark, table, DAYS[0], DAYS[3]) == [(f"u{day.day}", day) for day in DAYS]


def test_what_a_killed_writer_left_is_not_read(spark: SparkSession, table: LocalLake) -> None:
    left = committed_file(table, DAYS[0]).read_bytes()
    table.write_bytes(f"{partition_folder('users', DAYS[1])}/part-9.parquet", left)
    table.write_bytes(f"{partition_folder('users', dt.date(2024, 12, 31))}/part-9.parquet", left)
    assert read(spark, table, DAYS[0], DAYS[3]) == [(f"u{day.day}", day) for day in DAYS]
    table.delete(f"{partition_folder('users', DAYS[2])}/_manifest.json")
    assert [user for user, _ in read(spark, table, DAYS[0], DAYS[3])] == ["u1", "u2", "u4"]


def test_a_committed_file_that_is_gone_is_missed(spark: SparkSession, table: LocalLake) -> None:
    gone = committed_file(table, DAYS[1])
    gone.unlink()
    with pytest.raises(AnalysisException, match=f"PATH_NOT_FOUND.*{gone.name}"):
        read(spark, table, DAYS[0], DAYS[3])


def test_a_table_without_a_file_has_no_rows(spark: SparkSession, lake: LocalLake) -> None:
    assert read_parquet(spark, lake, "users", [], SCHEMA).collect() == []
