from __future__ import annotations

import gzip
import io
import json
from csv import writer as csv_writer
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.contract.source import Delivery
from include.errors import InputError
from include.landing.formats import csv, format_of, jsonl, parquet
from include.landing.formats.base import LandingFormat
from include.landing.formats.csv import split_csv
from include.landing.formats.jsonl import parse_json
from include.landing.sources import SourceFile

SOURCE = Delivery(required=("a",))
# A field may hold anything but what ends a line.
FIELD = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=12)


@given(fields=st.lists(FIELD, min_size=2, max_size=5), delimiter=st.sampled_from(",;\t|"))
def test_fields_survive_writing_and_splitting(fields: list[str], delimiter: str) -> None:
    buffer = io.StringIO()
    csv_writer(buffer, delimiter=delimiter, lineterminator="").writerow(fields)
    assert split_csv(buffer.getvalue(), delimiter) == fields


@given(line=FIELD)
def test_any_line_splits_into_something(line: str) -> None:
    assert len(split_csv(line, ",")) >= 0


@given(values=st.dictionaries(FIELD, FIELD | st.none() | st.integers()))
def test_one_json_object_is_a_record(values: dict[str, object]) -> None:
    assert parse_json(json.dumps(values)).values == values


@pytest.mark.parametrize("line", ['{"a": 1', "[1]", "5", "null", '{"a":1}{"a":2}', '{"a":1} x', "[" * 100_000])
def test_any_other_json_is_broken_and_kept(line: str) -> None:
    record = parse_json(line)
    assert (record.line, record.values, record.broken) == (line, {}, True)


@pytest.mark.parametrize(
    ("name", "form"),
    [("a.csv", csv), ("a.b.csv.gz", csv), ("a.jsonl.gz", jsonl), ("a.parquet", parquet), ("a.xlsx", None)],
)
def test_the_name_tells_the_format(name: str, form: LandingFormat | None) -> None:
    assert format_of(name) == form


def test_csv_keeps_each_line_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    text = '\ufeffid , name\r\n1,"a ""b"", c"\r\n\r\n 2 ,x\r\nbroken\r\n3,y,z\r\n"4,open\r\n'
    path.write_bytes(gzip.compress(text.encode()))
    file = SourceFile(path, SOURCE)
    assert file.columns() == ["id", "name"]
    records = list(file.records())
    assert [record.line for record in records] == ['1,"a ""b"", c"', " 2 ,x", "broken", "3,y,z", '"4,open']
    assert [record.broken for record in records] == [False, False, True, True, True]
    assert records[0].values == {"id": "1", "name": 'a "b", c'}
    assert records[2].values == {"id": "broken"}


def test_json_lines_have_the_keys_of_their_records(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n\nbroken\n{"b": "x"}\n')
    file = SourceFile(path, SOURCE)
    assert file.columns() == ["a", "b"]
    assert [record.broken for record in file.records()] == [False, True, False]


def test_parquet_becomes_text(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = pa.table(
        {
            "n": [1.5, None],
            "ok": [True, False],
            "at": pa.array([0, 1], pa.timestamp("s")),
            "tags": [["a"], []],
            "raw": [b"x", b"y"],
        }
    )
    pq.write_table(table, path)
    first, second = SourceFile(path, SOURCE).records()
    assert first.values == {"n": "1.5", "ok": "true", "at": "1970-01-01 00:00:00", "tags": ["a"], "raw": "x"}
    assert json.loads(second.line)["n"] is None


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.xlsx", b"PK", r"a\.xlsx is neither CSV"),
        ("a.csv.gz", b"not gzip at all", r"a\.csv\.gz is damaged"),
        ("a.csv.gz", gzip.compress(b"a,b\n" + bytes(range(1, 100)) * 50, mtime=0)[:-30], r"a\.csv\.gz is damaged"),
        ("a.csv", "a,b\n1,Käse\n".encode("cp1252"), r"a\.csv is not utf-8.*land\.encoding"),
        ("a.json", b'\n[{"a": 1},\n{"a": 2}]', r"a\.json is one JSON text, it begins with .* one object a line"),
        ("a.json", b'{\n"a": 1\n}', r"a\.json is one JSON text"),
        ("a.parquet", b"PAR1 but no more", r"a\.parquet is damaged"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=message):
        list(SourceFile(tmp_path / name, SOURCE).records())


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.csv cannot be read"):
        list(SourceFile(tmp_path / "a.csv", SOURCE).records())


def test_another_encoding_is_read_when_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("a,b\n1,Käse\n".encode("cp1252"))
    (record,) = SourceFile(tmp_path / "a.csv", Delivery(required=("a",), encoding="cp1252")).records()
    assert record.values["b"] == "Käse"
