from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from include.errors import LakeError
from include.lake import FileInfo, LocalLake
from include.spark_files import write_parquet

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
    with pytest.raises(LakeError, match=r"shows \d rows in 1 files, Spark wrote 10.*listings lag behind"):
        write_parquet(Late(str(tmp_path)), spark.range(10).repartition(2), "t")
