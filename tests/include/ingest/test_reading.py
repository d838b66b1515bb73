"""What Spark gets of delivered files, read by Python or by itself: the same text, the right record, one clear line."""

from __future__ import annotations

import datetime as dt
import io
import json
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from include.contract.source import Delivery, SourceMapping
from include.errors import InputError
from include.ingest.casting import evaluating
from include.ingest.reading import (
    ABSENT,
    MALFORMED,
    POSITION,
    VALUE,
    is_native,
    named_failure,
    read_delivered,
    with_texts,
)
from include.lake import Lake
from include.landing.delivered import find_delivered
from tests.include.contract.mappings import DAY, deliver

pytestmark = pytest.mark.spark

ZONES = ("UTC", "Europe/Berlin")
# Noon, and the hour that Berlin has twice
MOMENTS = [1_772_445_600_123_456_789, 1_761_438_600_000_000_000, None]
TYPES: dict[str, pa.Array] = {
    "nano": pa.array(MOMENTS, pa.timestamp("ns")),
    "nano_zoned": pa.array(MOMENTS, pa.timestamp("ns", "Europe/Berlin")),
    "micro": pa.array([None if one is None else one // 1000 for one in MOMENTS], pa.timestamp("us")),
    "zoned": pa.array([None if one is None else one // 1000 for one in MOMENTS], pa.timestamp("us", "UTC")),
    "date": pa.array([dt.date(2026, 3, 2), None, None]),
    "money": pa.array([Decimal("9.50"), Decimal(-1), None]),
    "long": pa.array([2**62, -1, None]),
    "float": pa.array([17850.0, 1.5, None]),
    "flag": pa.array([True, False, None]),
    "coded": pa.array(["x", "y", None]).dictionary_encode(),
    "large": pa.array(["ü", "", None], pa.large_string()),
    "a `b`.c-d": pa.array(["odd", "name", None]),
}


def parquet(columns: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def read(
    spark: SparkSession, landing: Lake, files: dict[str, str | bytes], table: str = "events", **source: Any
) -> tuple[DataFrame, bool]:
    """Return what is read with its texts, and whether Spark reads all of it itself."""
    looks = Delivery.model_validate(source)
    part = SourceMapping(
        source=looks, land=None, columns={"item_id": "id"}, reject={}, missing={}, elsewhere=("title",)
    )
    deliver(landing, table, DAY, files)
    found = find_delivered(landing, table, [DAY], [part])
    return with_texts(read_delivered(spark, landing, table, found, part)), all(is_native(file, part) for file in found)


@pytest.mark.parametrize("zone", ZONES)
def test_spark_and_python_read_parquet_alike(spark: SparkSession, landing: Lake, zone: str) -> None:
    with evaluating(spark, zone):
        by_spark, native = read(spark, landing, {"1.parquet": parquet(TYPES)}, required=list(TYPES))
        rows = [row.asDict() for row in by_spark.orderBy(POSITION).collect()]
        typed = dict(by_spark.dtypes)
    exotic = {**TYPES, "time": pa.array([dt.time(1), None, None])}
    by_python, other = read(spark, landing, {"1.parquet": parquet(exotic)}, "users", required=list(TYPES))
    expected = [row.asDict() for row in by_python.orderBy(POSITION).collect()]
    assert (native, other) == (True, False)
    instants = ("nano_zoned", "zoned")
    for row, other_row in zip(rows, expected, strict=True):
        for name in set(TYPES) - set(instants):
            shown = other_row[name][:26] if name == "nano" and other_row[name] else other_row[name]
            assert (row[name] or None) == (shown or None), name
        for name in instants:
            if other_row[name]:
                assert dt.datetime.fromisoformat(row[name]) == dt.datetime.fromisoformat(
                    other_row[name][:26].rstrip("Z") + "Z"
                )
    assert (typed[VALUE + "nano"], typed[VALUE + "nano_zoned"]) == ("timestamp_ntz", "timestamp")
    assert rows[0][VALUE + "nano"] == dt.datetime(2026, 3, 2, 10, 0, 0, 123456)


def test_files_of_all_formats_are_put_together(spark: SparkSession, landing: Lake) -> None:
    files: dict[str, str | bytes] = {
        "1.csv": 'id,name,,\n1,"a\nb",,\n2,broken "x\n3\n',
        "2 #%.jsonl": json.dumps({"id": 4.0, "name": {"first": "x"}}) + "\n",
        "3.parquet": parquet({"id": [5]}),
        "shop/4.csv.gz": "name,id\nc,6\n",
    }
    frame, native = read(spark, landing, files, "items", required=["id"], optional=["name"])
    rows = frame.orderBy("source_file", POSITION).collect()
    assert not native
    assert [(row["source_file"], row[POSITION], row["id"], row["name"], row[MALFORMED]) for row in rows] == [
        ("1.csv", 0, "1", "a\nb", False),
        ("1.csv", 1, "2", 'broken "x', False),
        ("1.csv", 2, None, None, True),
        ("2 #%.jsonl", 0, "4", '{"first":"x"}', False),
        ("3.parquet", 0, "5", None, False),
        ("shop/4.csv.gz", 0, "6", "c", False),
    ]
    assert {tuple(row[ABSENT] or ()) for row in rows if not row[MALFORMED]} == {("title",)}


def test_an_error_on_an_executor_keeps_its_name_and_remedy(spark: SparkSession, landing: Lake) -> None:
    bad = ("id,name\n" + "1,a\n" * 40_000).encode() + "2,Müller\n".encode("cp1252")
    frame, _ = read(spark, landing, {"1.csv": bad}, required=["id"])
    with pytest.raises(PySparkException) as raised:
        frame.collect()
    error = named_failure(raised.value)
    assert isinstance(error, InputError)
    assert "1.csv is not utf-8 in line 40002" in error.problem
    assert "cp1252" in error.remedy


def test_elements_share_the_number_of_their_record(spark: SparkSession, landing: Lake) -> None:
    records = [{"id": "o1", "lines": [{"sku": "a"}, {"sku": "b"}]}, {"id": "o2"}]
    files = {"1.jsonl": "".join(json.dumps(record) + "\n" for record in records)}
    frame, _ = read(spark, landing, files, required=["id"], optional=["lines.sku"], explode="lines")
    rows = frame.selectExpr(POSITION, "id", "`lines.sku`", "explode_position").collect()
    assert sorted(map(tuple, rows)) == [(0, "o1", "a", "1"), (0, "o1", "b", "2"), (1, "o2", None, "0")]
