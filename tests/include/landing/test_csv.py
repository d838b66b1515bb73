"""CSV as RFC 4180 means it: what is a record, what is none, and the same for `land` and for the ingest."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow.fs import LocalFileSystem

from include.contract.source import Delivery, SourceMapping
from include.errors import InputError
from include.landing.formats import csv as csv_format
from include.landing.formats import text as texts
from include.landing.formats.rows import EXTRA, LINE, MALFORMED, POSITION, Wanted
from include.landing.stored import StoredFile

HEADER = "id,name,price\n"


def read(path: Path, text: str | bytes, numbers: tuple[str, ...] = (), **source: Any) -> list[dict[str, Any]]:
    """Return the rows that the ingest gets, by their position."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    looks = Delivery.model_validate({"required": ["id", "name", "price"], **source})
    part = SourceMapping(source=looks, land=None, columns={}, reject={}, missing={})
    wanted = Wanted(part, frozenset(numbers))
    file = StoredFile(str(path), LocalFileSystem(), str(path))
    columns = csv_format.open_file(file, looks).columns
    batches = list(csv_format.read_batches(file, wanted, columns))
    assert all(batch.schema.equals(wanted.schema(wanted.extras(columns))) for batch in batches)
    rows = sorted((row for batch in batches for row in batch.to_pylist()), key=lambda row: row[POSITION])
    assert [row[POSITION] for row in rows] == list(range(len(rows)))
    landed = list(csv_format.open_file(file, looks).records)
    assert [row[LINE] for row in rows] == [record.line if record.broken else None for record in landed]
    return rows


def values(rows: list[dict[str, Any]]) -> list[tuple[str | None, ...] | str]:
    return [row[LINE] if row[MALFORMED] else (row["id"], row["name"], row["price"]) for row in rows]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.csv"


def test_quoted_fields_may_hold_delimiters_quotes_and_line_breaks(path: Path) -> None:
    lines = '1,Mug,9\r\n2,"<p>Holds ""tea"",\r\n coffee,\n\nand soup</p>",8\r\n3,"a, b",\r\n\r\n4,Pan,7\r\n'
    assert values(read(path, HEADER + lines)) == [
        ("1", "Mug", "9"),
        ("2", '<p>Holds "tea",\n coffee,\n\nand soup</p>', "8"),
        ("3", "a, b", None),
        ("4", "Pan", "7"),
    ]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ('1,24" screen,9\n2,x,3\n', [("1", '24" screen', "9"), ("2", "x", "3")]),
        ('1,24",9\n2,27",3\n', [("1", '24"', "9"), ("2", '27"', "3")]),
        ('1,24","x\n2,y,3\n', ['1,24","x', ("2", "y", "3")]),
        ('1,"24" screen",9\n2,x,3\n', ['1,"24" screen",9', ("2", "x", "3")]),
        ('1,"open,9\n2,x,3\n3,y,4\n', ['1,"open,9', ("2", "x", "3"), ("3", "y", "4")]),
        ('1,"open,9\n2,x,3\n3,"y",4\n4,z"z,5\n', ['1,"open,9', ("2", "x", "3"), ("3", "y", "4"), ("4", 'z"z', "5")]),
        (
            '1,"He said "hi" and\n coffee,\n soup",9\n2,x,3\n',
            ['1,"He said "hi" and\n coffee,\n soup",9', ("2", "x", "3")],
        ),
        ("1,a\n2,x,3\n3,a,b,c\n", ["1,a", ("2", "x", "3"), "3,a,b,c"]),
        ("1,a,9,\n2,x,3,,\n", [("1", "a", "9"), ("2", "x", "3")]),
        ("1,a\x00b,9\n\x00\x00\n", [("1", "a\x00b", "9")]),
    ],
)
def test_what_cannot_be_parsed_is_set_aside_whole(path: Path, lines: str, expected: list[Any]) -> None:
    assert values(read(path, HEADER + lines)) == expected


def test_records_that_span_blocks_stay_whole(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "HEAD_BYTES", 16)
    monkeypatch.setattr(texts, "BLOCK_BYTES", 7)
    lines = "".join(f'{n},"line\none, ""{n}""\nend",{n}\n{n},plain,ü\n' for n in range(20))
    rows = values(read(path, HEADER + lines))
    assert rows == [
        row for n in range(20) for row in ((f"{n}", f'line\none, "{n}"\nend', f"{n}"), (f"{n}", "plain", "ü"))
    ]


def test_columns_without_a_name_are_called_by_their_number(path: Path) -> None:
    (row, short) = read(path, "id,name,price,,\n1,a,2,x,\n3,b,4\n")
    assert (row[EXTRA + "_4"], row[EXTRA + "_5"], short["price"]) == ("x", None, "4")


def test_a_column_that_is_there_twice_is_refused_only_if_it_is_used(path: Path) -> None:
    (row,) = read(path, "id,name,price,note,Note\n1,a,2,x,y\n")
    assert (row[EXTRA + "note_4"], row[EXTRA + "Note_5"]) == ("x", "y")
    with pytest.raises(InputError, match=r"a\.csv has the column Name, name more than once"):
        read(path, "id,name,Name,price\n1,a,2,x\n")


def test_a_file_without_a_header_has_the_names_of_the_mapping(path: Path) -> None:
    rows = read(path, "1;a;2\n", names=["id", "name", "price"], delimiter=";")
    assert values(rows) == [("1", "a", "2")]


def test_another_quote_and_none(path: Path) -> None:
    assert values(read(path, "id|name|price\n1|'a|b'|2\n", delimiter="|", quote="'")) == [("1", "a|b", "2")]
    assert values(read(path, 'id|name|price\n1|"a|2\n', delimiter="|", quote="")) == [("1", '"a', "2")]


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("utf-8", (HEADER + "1,Müller,2\n").encode("utf-8-sig")),
        ("cp1252", (HEADER + "1,Müller,2\n").encode("cp1252")),
        ("utf-16", (HEADER + "1,Müller,2\r\n").encode("utf-16")),
        ("utf-8", (HEADER + "1,Müller,2\n").encode("utf-16")),
        ("utf-16-le", (HEADER + "1,Müller,2\n").encode("utf-16-le")),
        ("cp1252", (HEADER + "1,Müller,2\n").encode("utf-8-sig")),
    ],
)
def test_encodings(path: Path, encoding: str, data: bytes) -> None:
    assert values(read(path, data, encoding=encoding)) == [("1", "Müller", "2")]


@pytest.mark.parametrize(
    ("encoding", "data", "message"),
    [
        ("utf-8", (HEADER + "1,a,2\n2,Müller,3\n").encode("cp1252"), r"a\.csv is not utf-8 in line 3: .*0xfc.*cp1252"),
        ("cp1252", (HEADER + "1,\x8f,2\n").encode("latin-1"), r"is not cp1252 in line 2"),
        ("utf-8", (HEADER + "1,a,2\n" * 300_000).encode() + b"2,\xff,3\n", r"is not utf-8 in line 300002"),
        ("utf-16", (HEADER + "1,a,2\n").encode("utf-16")[:-1], r"is not utf-16 in line"),
    ],
)
def test_wrong_bytes_are_an_error_that_names_the_line(path: Path, encoding: str, data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(path, data, encoding=encoding)


def test_numbers_are_written_as_the_contract_has_them(path: Path) -> None:
    numbers = ["1.234,50 €", "14,95-", "-1.000.000", "€ 5", "1,5", "1.5", "7", "x1,5", "", "€"]
    lines = "".join(f"1.234;{number};{number}\n" for number in numbers)
    source = {"delimiter": ";", "decimal": ",", "thousands": "."}
    rows = read(path, HEADER.replace(",", ";") + lines, numbers=("price",), **source)
    assert [row["price"] for row in rows][:8] == ["1234.50", "-14.95", "-1000000", "5", "1.5", "1.5", "7", "x1,5"]
    assert rows[0]["name"] == "1.234,50 €"
    assert {row["id"] for row in rows} == {"1.234"}
    (row,) = read(path, HEADER + "1,a,1\u00a0234.5\n", numbers=("price",), thousands=" ")
    assert row["price"] == "1234.5"


def test_a_delimiter_may_be_any_character(path: Path) -> None:
    assert values(read(path, "id¦name¦price\n1¦a¦2\n", delimiter="¦")) == [("1", "a", "2")]
    assert values(read(path, 'id\tname\tprice\n1\t"a\tb"\t2\n\t\t\n', delimiter="\t")) == [("1", "a\tb", "2")]


def test_the_line_that_tells_excel_the_delimiter_is_no_header(path: Path) -> None:
    assert values(read(path, "sep=;\r\nid;name;price\r\n1;a;2\r\n", delimiter=";")) == [("1", "a", "2")]
    assert values(read(path, 'sep=;\nid;name;price\n1;"a";2\n', delimiter=";")) == [("1", "a", "2")]
    assert read(path, "sep=;\n", delimiter=";") == read(path, "\n\n", delimiter=";") == []


def test_a_line_without_an_end_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "LONGEST_LINE", 1000)
    with pytest.raises(InputError, match=r"line 3 of .*a\.csv has more than 1000 characters"):
        read(path, HEADER + "1,a,2\n2," + "x" * texts.HEAD_BYTES)


FIELD = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=8) | st.sampled_from(
    ["", '"', '""', "\n", ",", 'a"b', "\n\n", " "]
)


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(st.tuples(FIELD, FIELD, FIELD.map(lambda text: "x" + text)), max_size=6), block=st.integers(1, 40))
def test_whatever_a_program_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]], block: int
) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([("id", "name", "price"), *rows])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "HEAD_BYTES", block)
        patch.setattr(texts, "BLOCK_BYTES", block)
        found = read(tmp_path_factory.mktemp("csv") / "a.csv", buffer.getvalue())
    assert values(found) == [tuple(value or None for value in row) for row in rows]
