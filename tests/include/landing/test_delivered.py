from __future__ import annotations

import datetime as dt
import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.contract.source import Delivery
from include.errors import InputError
from include.lake import Lake
from include.landing.delivered import DeliveredFile, find_delivered, part_of, stored
from tests.include.contract.mappings import DAY, NEXT_DAY, deliver, parts

SOURCE = Delivery(required=("a", "b"), optional=("c",))


def found(landing: Lake, *days: dt.date) -> list[DeliveredFile]:
    return find_delivered(landing, "events", days or [DAY], parts(SOURCE))


def test_files_come_with_their_columns_in_order(landing: Lake) -> None:
    deliver(landing, "events", DAY, {"2.jsonl": '{"b":1}\n{"a":1}\n', "1.csv.gz": "\ufeffa, b\r\n1,2\r\n"})
    deliver(landing, "events", NEXT_DAY, {"x.csv": "b,a\n"})
    files = found(landing, DAY, NEXT_DAY)
    assert [(file.day, file.name, file.columns) for file in files] == [
        (DAY, "1.csv.gz", ("a", "b")),
        (DAY, "2.jsonl", ("b", "a")),
        (NEXT_DAY, "x.csv", ("b", "a")),
    ]
    assert files[0].columns != files[2].columns


def test_an_open_day_is_named(landing: Lake) -> None:
    deliver(landing, "events", DAY, {"1.csv": "a,b\n"}, close=False)
    with pytest.raises(InputError, match=r"2026-03-02/_SUCCESS is not there and 1 more days.*not complete"):
        found(landing, DAY, NEXT_DAY)


def test_a_closed_day_may_be_empty(landing: Lake) -> None:
    deliver(landing, "events", DAY, {"empty.csv": "", ".hidden.csv": "x", "_notes.txt": "x"})
    assert found(landing) == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("1.csv", "a,x\n1,2\n", r"1\.csv has no column b; it has a, x.*tables\.events"),
        ("1.csv", "a;b\n1;2\n", r"no column a, b; it has a;b"),
        ("1.jsonl", '{"a": 1}\n', r"1\.jsonl has no column b; it has a"),
        ("1.csv", "a,b,A\n", r"the column A, a more than once"),
        ("1.txt", "a,b\n", r"1\.txt is neither CSV"),
        ("1.csv.gz", b"no gzip", r"1\.csv\.gz is damaged"),
        ("1.csv.gz", gzip.compress(b"a,b\n" * 99, mtime=0)[:15], r"1\.csv\.gz is damaged"),
        ("1.parquet", b"no parquet", r"1\.parquet is damaged"),
    ],
)
def test_a_file_that_does_not_fit_is_named(landing: Lake, name: str, content: str | bytes, message: str) -> None:
    deliver(landing, "events", DAY, {name: content})
    with pytest.raises(InputError, match=message):
        found(landing)


def test_parquet_has_the_columns_of_its_schema(landing: Lake) -> None:
    deliver(landing, "events", DAY, {})
    filesystem, root = landing.filesystem()
    for name, kind in (("1", pa.int64()), ("2", pa.string())):
        table = pa.table({"a": pa.array([], kind), "b": pa.array([], pa.string())})
        pq.write_table(table, f"{root}/events/ingest_date={DAY}/{name}.parquet", filesystem=filesystem)
    one, two = found(landing)
    assert one.columns == two.columns == ("a", "b")
    assert one.schema != two.schema, "columns of different types cannot be read together"


def test_json_lines_that_are_all_broken_are_not_refused(landing: Lake) -> None:
    deliver(landing, "events", DAY, {"1.jsonl": "broken\nbroken\n"})
    assert found(landing)[0].columns == ()


def test_names_of_files_and_folders_may_be_odd(landing: Lake) -> None:
    names = ["a b%20+#?.csv", "shop:1/x.csv", "shop:2/x.csv", "ü[1]{2}*.csv"]
    deliver(landing, "events", DAY, dict.fromkeys([*names, ".tmp/x.csv", "_old/x.csv"], "a,b\n1,2\n"))
    assert [file.name for file in found(landing)] == names


def test_a_file_belongs_to_the_first_source_that_its_name_matches(landing: Lake) -> None:
    stock = Delivery.model_validate({"files": ["stock*.csv"], "required": ["a"]})
    prices = Delivery.model_validate({"files": ["prices.*", "stock_old.csv"], "required": ["b"]})
    names = ["prices.part-00001.jsonl.gz", "stock.csv.gz", "stock_old.undated-part-00000.csv"]
    assert [part_of(name, parts(stock, prices)) for name in names] == [1, 0, 0]
    deliver(landing, "events", DAY, {"other.csv": "a,b\n1,2\n"})
    with pytest.raises(InputError, match=r"other\.csv belongs to no source of events by its name \(stock\*\.csv, pri"):
        find_delivered(landing, "events", [DAY], parts(stock, prices))


def test_zstandard_and_a_format_that_the_name_does_not_tell(landing: Lake) -> None:
    packed = pa.Codec("zstd").compress(b"a,b\n1,2\n", asbytes=True)
    source = Delivery.model_validate({"format": "csv", "required": ["a", "b"]})
    members = gzip.compress(b"a,b\n1,2\n") + gzip.compress(b"3,4\n")
    contents = {"1.csv.zst": packed, "2.dat": "a,b\n", "3.ndjson": '{"a": 1, "b": 2}\n', "4.CSV.GZ": members}
    deliver(landing, "events", DAY, dict(contents))
    files = find_delivered(landing, "events", [DAY], parts(source))
    assert [file.format.NAME for file in files] == ["csv", "csv", "jsonl", "csv"]
    opened = [file.format.open_file(stored(landing, file.path), source) for file in files]
    assert [len(list(one.records)) for one in opened] == [1, 0, 1, 2]
