"""Nested records: the same rows from JSON lines, Parquet and Avro, and one row for each element of an array."""

from __future__ import annotations

import datetime as dt
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow.fs import LocalFileSystem

from include.contract.source import Delivery, SourceMapping
from include.errors import InputError
from include.landing.formats import format_of
from include.landing.formats.rows import ABSENT, LINE, MALFORMED, POSITION, Wanted
from include.landing.formats.values import as_text
from include.landing.stored import StoredFile

RECORDS: list[dict[str, Any]] = [
    {
        "id": "o1",
        "at": "2026-03-02",
        "buyer": {"id": 17850.0, "town": None},
        "lines": [{"sku": "mug", "n": 2}, {"sku": "pan", "n": 1}],
    },
    {"id": "o2", "at": "2026-03-02", "buyer": {"id": 7.0, "town": "Ulm"}, "lines": []},
]
AVRO = {
    "type": "record",
    "name": "order",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "at", "type": "string"},
        {"name": "buyer", "type": {"type": "record", "name": "buyer", "fields": [
            {"name": "id", "type": "double"}, {"name": "town", "type": ["null", "string"]}]}},
        {"name": "lines", "type": {"type": "array", "items": {"type": "record", "name": "line", "fields": [
            {"name": "sku", "type": "string"}, {"name": "n", "type": "int"}]}}},
    ],
}  # fmt: skip
NESTED = {"required": ["id", "buyer.id"], "optional": ["buyer.town", "lines", "lines.sku", "lines.n"]}


def avro(records: list[dict[str, Any]], schema: dict[str, Any] = AVRO) -> bytes:
    buffer = io.BytesIO()
    fastavro.writer(buffer, schema, records, codec="deflate")
    return buffer.getvalue()


def parquet(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def jsonl(records: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


FILES = {"a.jsonl": jsonl(RECORDS), "a.parquet": parquet(pa.Table.from_pylist(RECORDS)), "a.avro": avro(RECORDS)}


def read(path: Path, data: bytes, source: dict[str, Any], **mapping: Any) -> list[dict[str, Any]]:
    """Return the rows that the ingest gets from Python."""
    path.write_bytes(data)
    looks = Delivery.model_validate(source)
    part = SourceMapping(**{"source": looks, "land": None, "columns": {}, "reject": {}, "missing": {}, **mapping})
    file, form = StoredFile(str(path), LocalFileSystem(), str(path)), format_of(path.name)
    assert form is not None
    opened = form.open_file(file, looks)
    assert set(looks.required) <= set(opened.columns)
    wanted = Wanted(part, tells_absent=bool(mapping))
    return [row for batch in form.read_batches(file, wanted, opened.columns) for row in batch.to_pylist()]


@pytest.mark.parametrize("name", FILES)
def test_paths_work_in_every_format(tmp_path: Path, name: str) -> None:
    rows = read(tmp_path / name, FILES[name], NESTED)
    columns = ("id", "buyer.id", "buyer.town", "lines", "lines.sku")
    assert [tuple(row[column] for column in columns) for row in rows] == [
        ("o1", "17850", None, '[{"sku":"mug","n":2},{"sku":"pan","n":1}]', None),
        ("o2", "7", "Ulm", "[]", None),
    ]
    assert [row[POSITION] for row in rows] == [0, 1]
    assert json.loads(rows[0][LINE]) == RECORDS[0]


@pytest.mark.parametrize("name", FILES)
def test_each_element_becomes_a_row_and_a_record_without_any_stays(tmp_path: Path, name: str) -> None:
    rows = read(tmp_path / name, FILES[name], {**NESTED, "explode": "lines"})
    columns = (POSITION, "id", "buyer.id", "lines.sku", "lines.n", "explode_position")
    assert [tuple(row[column] for column in columns) for row in rows] == [
        (0, "o1", "17850", "mug", "2", "1"),
        (0, "o1", "17850", "pan", "1", "2"),
        (1, "o2", "7", None, None, "0"),
    ]


def test_an_array_may_lie_deep_and_hold_plain_values(tmp_path: Path) -> None:
    records = [{"p": {"q": {"tags": ["a", "b"]}}}, {"p": {"q": None}}, {"p.q.tags": "flat"}]
    rows = read(tmp_path / "a.jsonl", jsonl(records), {"required": ["p.q.tags"], "explode": "p.q.tags"})
    assert [(row[POSITION], row["p.q.tags"]) for row in rows] == [(0, "a"), (0, "b"), (1, None), (2, "flat")]


def test_what_a_record_does_not_provide_is_absent(tmp_path: Path) -> None:
    source = {"required": ["id"], "optional": ["price", "stock", "old.price"]}
    columns = {"item_id": "id", "price": "coalesce(price, `old.price`)", "in_stock": "stock > 0", "title": "'stock'"}
    records = [
        {"id": 1, "price": None, "stock": 1},
        {"id": 2, "old": {"price": 3}},
        {"id": 3},
        {"id": 4, "stock": 0, "price": 1},
    ]
    rows = read(tmp_path / "a.jsonl", jsonl(records), source, columns=columns, elsewhere=("category",))
    assert [row[ABSENT] for row in rows] == [
        ["category"],
        ["category", "in_stock"],
        ["category", "price", "in_stock"],
        ["category"],
    ]


def test_a_text_that_is_no_unicode_makes_its_record_malformed(tmp_path: Path) -> None:
    lines = rb'{"id": "\ud83d", "x": 1}' + b"\n" + rb'{"id": "1", "x": "\ud83d"}' + b"\n"
    rows = read(tmp_path / "a.jsonl", lines, {"required": ["id"]})
    assert [(row[MALFORMED], row["id"], "\\ud83d" in row[LINE]) for row in rows] == [
        (False, "?", True),
        (False, "1", True),
    ]
    table = pa.table({"id": [b"\xff", b"2"], "image": [b"\x89", b"\x89"]})
    rows = read(tmp_path / "a.parquet", parquet(table), {"required": ["id"]})
    assert [(row[MALFORMED], row["id"]) for row in rows] == [(True, None), (False, "2")]


def test_any_type_of_parquet_is_read(tmp_path: Path) -> None:
    noon = dt.time(12, 30)
    columns = {
        "nano": pa.array([1_772_445_600_123_456_789, None], pa.timestamp("ns")),
        "zoned": pa.array([1_772_445_600_000_000, None], pa.timestamp("us", "Europe/Berlin")),
        "far": pa.array([10**15 * 400, None], pa.timestamp("us")),
        "time": pa.array([noon, None], pa.time64("ns")),
        "date": pa.array([dt.date(2026, 3, 2), None]),
        "money": pa.array([Decimal("9.50"), None]),
        "large": pa.array([Decimal(10) ** 40, None], pa.decimal256(45, 0)),
        "nothing": pa.nulls(2),
        "unsigned": pa.array([2**64 - 1, None], pa.uint64()),
        "coded": pa.array(["x", None]).dictionary_encode(),
        "text": pa.array(["ü", None], pa.large_string()),
        "bytes": pa.array([b"b", None]),
        "fixed": pa.array([b"ab", None], pa.binary(2)),
        "half": pa.array([np.float16(1.5), None], pa.float16()),
        "float": pa.array([float("nan"), 1.2345678e7]),
        "flag": pa.array([True, None]),
        "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int32())),
        "list": pa.array([[1, None], None]),
        "duration": pa.array([5, None], pa.duration("us")),
    }
    one, two = read(tmp_path / "a.parquet", parquet(pa.table(columns)), {"required": list(columns)})
    assert {name: one[name] for name in columns} == {
        "nano": "2026-03-02 10:00:00.123456789",
        "zoned": "2026-03-02 10:00:00Z",
        "far": "14645-06-30 15:06:40",
        "time": "12:30:00.000000000",
        "date": "2026-03-02",
        "money": "9.50",
        "large": "1" + "0" * 40,
        "nothing": None,
        "unsigned": "18446744073709551615",
        "coded": "x",
        "text": "ü",
        "bytes": "b",
        "fixed": "ab",
        "half": "1.5",
        "float": None,
        "flag": "true",
        "map": '{"k":1}',
        "list": "[1,null]",
        "duration": "5",
    }
    assert {name for name in columns if two[name]} == {"float"}
    assert two["float"] == "12345678"


def test_a_nested_value_that_python_does_not_have_is_named(tmp_path: Path) -> None:
    far = pa.StructArray.from_arrays([pa.array([10**15 * 400], pa.timestamp("us"))], ["at"])
    with pytest.raises(InputError, match=r"column order of .*a\.parquet has a value that cannot be read"):
        read(tmp_path / "a.parquet", parquet(pa.table({"order": far})), {"required": ["order"]})


def test_typed_values_of_avro(tmp_path: Path) -> None:
    def logical(base: str, name: str, **more: Any) -> dict[str, Any]:
        return {"type": base, "logicalType": name, **more}

    kinds = {
        "at": logical("long", "timestamp-millis"),
        "local": logical("long", "local-timestamp-micros"),
        "day": logical("int", "date"),
        "price": logical("bytes", "decimal", precision=6, scale=2),
        "raw": "bytes",
    }
    schema = {"type": "record", "name": "r", "fields": [{"name": name, "type": kind} for name, kind in kinds.items()]}
    record = {
        "at": dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC),
        "local": dt.datetime(2026, 3, 2, 10, 0, 0, 500),
        "day": dt.date(2026, 3, 2),
        "price": Decimal("9.50"),
        "raw": b"ok",
    }
    (row,) = read(tmp_path / "a.avro", avro([record], schema), {"required": list(kinds)})
    assert [row[name] for name in kinds] == [
        "2026-03-02 10:00:00+00:00", "2026-03-02 10:00:00.000500", "2026-03-02", "9.50", "ok",
    ]  # fmt: skip


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.95])
def test_damaged_avro_is_named(tmp_path: Path, cut: float) -> None:
    data = avro(RECORDS * 50)
    with pytest.raises(InputError, match=r"a\.avro is damaged"):
        read(tmp_path / "a.avro", data[: int(len(data) * cut)], {"required": ["id"]})
    with pytest.raises(InputError, match=r"a\.avro is damaged"):
        read(tmp_path / "a.avro", b"no avro at all", {"required": ["id"]})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.5, "1.5"),
        (17850.0, "17850"),
        (-0.0, "0"),
        (1e300, "1e+300"),
        (float("nan"), None),
        (float("inf"), "inf"),
        (True, "true"),
        (2**70, str(2**70)),
    ],
)
def test_values_as_text(value: object, text: str | None) -> None:
    assert as_text(value) == text
