import gzip
import json
from pathlib import Path

import pytest

from include.errors import InputError
from include.mapping import sample
from include.mapping.sample import flatten, read_samples


def test_files_with_the_same_columns_are_one_source(tmp_path: Path) -> None:
    for year in (2024, 2025):
        (tmp_path / f"sales_{year}.csv").write_text(f"id,day\n{year},{year}-01-01\n")
    (tmp_path / "items.csv").write_text("id,title\n1,Mug\n")
    found, unread = read_samples(tmp_path)
    assert [[path.name for path in one.paths] for one in found] == [["items.csv"], ["sales_2024.csv", "sales_2025.csv"]]
    assert found[1].values("id") == ["2024", "2025"]
    assert unread == []


def test_what_is_no_table_is_named(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(b"\x89PNG\0\0")
    (tmp_path / "LICENSE").write_text("All rights reserved.\nNo, really.\n")
    with pytest.raises(InputError, match=r"holds no table that can be read; it holds LICENSE, photo\.png"):
        read_samples(tmp_path)
    with pytest.raises(InputError, match="none does not exist"):
        read_samples(tmp_path / "none")


def test_a_large_file_is_read_at_both_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "HEAD_BYTES", 1000)
    monkeypatch.setattr(sample, "TAIL_BYTES", 100)
    lines = ["id,name", *(f"{number},n{number}" for number in range(1000)), "Total,1000"]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    values = read_samples(tmp_path)[0][0].values("id")
    assert values[0] == "0" and values[-1] == "Total" and "500" not in values
    (tmp_path / "a.csv").unlink()
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    values = read_samples(tmp_path)[0][0].values("id")
    assert values[0] == "0" and 50 < len(values) < 1000


def test_a_file_without_a_header_gets_names_by_its_values(tmp_path: Path) -> None:
    rows = [(user, item, user % 5 + 1, 1772554457 + user) for user in range(1, 30) for item in (242, 302)]
    (tmp_path / "u.data").write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    (tmp_path / "u.item").write_text("".join(f"{item}|Film {item}|01-Jan-1995||1\n" for item in range(240, 310)))
    ratings, films = read_samples(tmp_path)[0]
    assert ratings.columns == ("user_id", "item_id", "rating", "timestamp") and not ratings.header
    assert films.columns[:2] == ("item_id", "title")


def test_each_element_of_the_array_of_items_is_a_record(tmp_path: Path) -> None:
    order = {
        "id": 7,
        "tags": [{"key": "a"}],
        "lines": [{"sku": "A", "qty": 1}, {"sku": "B", "qty": 2}],
        "who": {"id": 5},
    }
    (tmp_path / "orders.jsonl").write_text(json.dumps(order) + "\n" + json.dumps({"id": 8, "lines": []}) + "\n")
    (found,) = read_samples(tmp_path)[0]
    assert found.explode == "lines" and found.read == 2
    assert found.values("lines.sku") == ["A", "B", ""]
    assert found.values("id") == ["7", "7", "8"] and found.values("who.id") == ["5", "5", ""]


def test_flatten_keeps_other_arrays_as_text() -> None:
    assert flatten({"a": {"b": None, "c": [1, 2]}}) == [{"a.b": "", "a.c": "[1,2]"}]


def test_excel_says_its_delimiter_before_the_header(tmp_path: Path) -> None:
    (tmp_path / "A.CSV").write_text("sep=;\nid;name\n1;a, b\n2;c\n")
    (found,) = read_samples(tmp_path)[0]
    assert found.delimiter == ";" and found.columns == ("id", "name") and found.read == 2


def test_double_colons_are_a_colon_and_empty_columns(tmp_path: Path) -> None:
    rows = [f"{user}::{item}::{user % 5 + 1}::{978300760 + user}" for user in range(1, 30) for item in (1193, 661)]
    (tmp_path / "ratings.dat").write_text("\n".join(rows) + "\n")
    (found,) = read_samples(tmp_path)[0]
    assert found.delimiter == ":"
    assert found.columns == ("user_id", "column_2", "item_id", "column_4", "rating", "column_6", "timestamp")
