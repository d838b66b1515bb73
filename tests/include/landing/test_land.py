"""Landing your own files: nothing lost, nothing half done, the same again when repeated."""

from __future__ import annotations

import copy
import datetime as dt
import gzip
import json
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.columns import TABLES
from include.contract import Dataset
from include.contract.source import Delivery
from include.errors import ConfigurationError, InputError
from include.lake import Lake, list_days, open_lake
from include.landing import days as splitting
from include.landing.delivered import find_delivered, stored
from include.landing.formats.text import BLANK
from include.landing.land import land
from tests.include.contract.mappings import SHOP, shop
from tests.include.landing.landed import HEADER, ROWS, lines, source


def everything(lake: Lake) -> dict[str, bytes]:
    return {info.path: lake.read_bytes(info.path) for info in lake.list_files("")}


def test_each_line_lands_once_as_it_is(landing: Lake, tmp_path: Path) -> None:
    summary = land(landing, shop(), source(tmp_path, ROWS))
    # A line without a day lies on the first: the ingest finds and quarantines it there.
    assert lines(landing, "events", "2026-03-02") == [*ROWS[:3], ROWS[3], ROWS[5]]
    assert lines(landing, "events", "2026-03-05") == [ROWS[4]]
    assert summary["events"] == {
        "rows": 6,
        "days": 4,
        "first": "2026-03-02",
        "last": "2026-03-05",
        "without_day": 2,
        "broken": 1,
    }


def test_projected_tables_hold_each_row_once(landing: Lake, tmp_path: Path) -> None:
    land(landing, shop(), source(tmp_path, ROWS))
    first_day = ["milk,Milk", 'bread,"Bread, ""dark"""', "bread,Bread"]
    assert lines(landing, "items", "2026-03-02") == [*first_day, "milk,Milk"]
    assert lines(landing, "items", "2026-03-05") == ["milk,Milk"]
    assert lines(landing, "users", "2026-03-02") == ["ann", "bob", "cid"]
    assert lines(landing, "users", "2026-03-05") == []


def test_days_without_rows_are_closed_for_every_table(landing: Lake, tmp_path: Path) -> None:
    land(landing, shop(), source(tmp_path, ROWS))
    days = [dt.date(2026, 3, day) for day in (2, 3, 4, 5)]
    for table in ("events", "items", "users"):
        assert list_days(landing, table, marker="_SUCCESS") == days
    assert [info.path for info in landing.list_files("events/ingest_date=2026-03-03")] == [
        "events/ingest_date=2026-03-03/_SUCCESS"
    ]


def test_landing_again_changes_nothing(landing: Lake, tmp_path: Path) -> None:
    land(landing, shop(), source(tmp_path, ROWS))
    before = everything(landing)
    land(landing, shop(), source(tmp_path, ROWS))
    assert everything(landing) == before
    assert landing.list_files("_staging") == []


def test_what_a_killed_run_left_is_deleted_and_no_other_runs_files(landing: Lake, tmp_path: Path) -> None:
    other = f"_staging/land-stock-{'b' * 32}/stock/2026-03-02/part-00000.csv.gz"
    landing.write_bytes(f"_staging/land-{'-'.join(TABLES)}-{'a' * 32}/events/2026-03-02/part-00000.csv.gz", b"x")
    landing.write_bytes(other, b"x")
    land(landing, shop(), source(tmp_path, ROWS))
    assert [file.path for file in landing.list_files("_staging")] == [other]


def test_a_day_is_replaced_whole(landing: Lake, tmp_path: Path) -> None:
    land(landing, shop(), source(tmp_path, ROWS))
    landing.write_bytes("events/ingest_date=2026-03-02/other.csv", b"from elsewhere")
    land(landing, shop(), source(tmp_path, ROWS[:1]))
    assert lines(landing, "events", "2026-03-02") == ROWS[:1]
    assert not landing.exists("events/ingest_date=2026-03-02/other.csv")


def test_a_part_of_the_days_is_the_same_as_all_of_them(landing: Lake, tmp_path: Path) -> None:
    path = source(tmp_path, ROWS)
    land(landing, shop(), path)
    whole = everything(landing)
    landing.delete("events")
    day = dt.date(2026, 3, 2)
    assert land(landing, shop(), path, day, day)["events"]["rows"] == 5
    assert everything(landing).items() <= whole.items()
    assert list_days(landing, "events", marker="_SUCCESS") == [day]


def test_an_error_in_the_source_leaves_the_zone_untouched(landing: Lake, tmp_path: Path) -> None:
    land(landing, shop(), source(tmp_path, ROWS))
    before = everything(landing)
    path = tmp_path / "receipts.csv"
    path.write_bytes(path.read_bytes() + b"5,\xff\xfe,x,2026-03-02,1,,\n" * 5000)
    with pytest.raises(InputError, match="not utf-8"):
        land(landing, shop(), path)
    assert everything(landing) == before


def test_files_of_a_folder_are_chosen_by_the_mapping(landing: Lake, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    source(folder, ROWS[:2])
    (folder / "receipts_2.csv").write_text(
        "at,receipt,article,name,pieces,customer,tip\n2026-03-02,9,tea,Tea,1,ann,5\n"
    )
    (folder / "unrelated.csv").write_text("x\n1\n")
    (folder / "receipts.txt").write_text("notes")
    summary = land(landing, shop(), folder)
    assert summary["events"]["rows"] == 3
    # Files with other columns stay apart: a header belongs to the lines below it.
    assert len(landing.list_files("events/ingest_date=2026-03-02")) == 3


def test_memory_is_bounded_by_writing_in_parts(landing: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitting, "LINES_IN_MEMORY", 2)
    land(landing, shop(), source(tmp_path, ROWS))
    assert sorted(lines(landing, "events", "2026-03-02")) == sorted([*ROWS[:4], ROWS[5]])
    assert len([info for info in landing.list_files("events") if info.path.endswith(".csv.gz")]) > 2


def test_json_lines_and_parquet_land_as_json_lines(landing: Lake, tmp_path: Path) -> None:
    values = {"receipt": "1", "article": "milk", "name": "Mi\nlk", "at": "2026-03-02", "pieces": 2, "customer": "ann"}
    for name in ("receipts.jsonl", "receipts.parquet"):
        path = tmp_path / name
        if name.endswith("jsonl"):
            path.write_text(json.dumps(values) + "\n")
        else:
            pq.write_table(pa.Table.from_pylist([values]), path)
        land(landing, shop(), path)
        for table, expected in (("events", values), ("items", {"article": "milk", "name": "Mi\nlk"})):
            (file,) = [info.path for info in landing.list_files(table) if info.path.endswith(".jsonl.gz")]
            (line,) = gzip.decompress(landing.read_bytes(file)).decode().splitlines()
            assert {key: str(value) for key, value in json.loads(line).items()} == {
                key: str(value) for key, value in expected.items()
            }


@pytest.mark.parametrize(
    ("rows", "header", "message"),
    [
        ([], HEADER, r"receipts\.csv is empty"),
        (
            ROWS,
            "receipt,article,name,day,pieces,customer,amount",
            r"no column at, .*source\.required.*it has receipt,",
        ),
        (ROWS, HEADER.replace(",", ";"), r"no column receipt, article, at, pieces.*delimiter"),
        (["1,milk,Milk,02.03.2026,1,ann,1"], HEADER, r"no value of column at .* is a day, the first is '02\.03\.2026'"),
        (
            [ROWS[0], ROWS[0].replace("2026", "9026")],
            HEADER,
            r"2026-03-02 to 9026-03-02.*mistyped",
        ),
    ],
)
def test_a_source_that_does_not_fit_is_named(
    landing: Lake, tmp_path: Path, rows: list[str], header: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        land(landing, shop(), source(tmp_path, rows, header))
    assert everything(landing) == {}


def test_a_file_of_no_bytes_is_empty(landing: Lake, tmp_path: Path) -> None:
    (tmp_path / "receipts.csv").write_bytes(b"")
    with pytest.raises(InputError, match="is empty"):
        land(landing, shop(), tmp_path / "receipts.csv")


def test_the_day_column_must_exist_where_only_it_is_missing(landing: Lake, tmp_path: Path) -> None:
    dataset = shop(land={"day": "when"})
    with pytest.raises(InputError, match=r"no column when, which tables\.events\.land\.day"):
        land(landing, dataset, source(tmp_path, ROWS))


def test_a_path_that_is_not_there_or_holds_nothing_is_named(landing: Lake, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--source .*nowhere does not exist"):
        land(landing, shop(), tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(InputError, match=r"no file for events \(receipts\*\); it holds notes\.txt"):
        land(landing, shop(), tmp_path)


def test_a_mapping_without_land_cannot_be_landed(landing: Lake, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no land: for events.*NIGHTSHELF_DATASET"):
        land(landing, shop(land=None), source(tmp_path, ROWS))


def test_a_range_that_ends_before_it_starts_is_refused(landing: Lake, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--from and --to"):
        land(landing, shop(), source(tmp_path, ROWS), dt.date(2026, 3, 9))


def test_a_newer_export_replaces_only_the_days_that_differ(
    landing: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(landing, shop(), source(tmp_path, ROWS))
    moved: list[str] = []
    original = type(landing).move
    monkeypatch.setattr(
        type(landing), "move", lambda self, one, other: (moved.append(other), original(self, one, other))[1]
    )
    rows = [*ROWS, "5,milk,Milk,2026-03-05 10:00:00,1,ann,1.20", "6,milk,Milk,2026-03-06 10:00:00,1,ann,1.20"]
    summary = land(landing, shop(), source(tmp_path, rows))
    assert summary["events"]["replaced"] == ["2026-03-05"]
    assert "replaced" not in summary["users"]
    assert {path.split("/")[1] for path in moved if path.startswith("events")} == {
        "ingest_date=2026-03-05",
        "ingest_date=2026-03-06",
    }


def test_placeholders_do_not_count_as_values(landing: Lake, tmp_path: Path) -> None:
    values = copy.deepcopy(SHOP)
    values["tables"]["users"]["missing"] = {"user_id": ["guest", "0"]}
    rows = [ROWS[0], ROWS[0].replace("ann", "guest"), ROWS[0].replace("ann", " 0 ")]
    land(landing, Dataset.model_validate(values), source(tmp_path, rows))
    assert lines(landing, "users", "2026-03-02") == ["ann"]


def test_several_sources_land_under_names_that_tell_them_apart(landing: Lake, tmp_path: Path) -> None:
    values = copy.deepcopy(SHOP)
    values["tables"]["items"] = {
        "sources": [
            {"files": ["goods.csv"], "required": ["article", "name"], "land": {},
             "columns": {"item_id": "article", "title": "name"}},
            {"files": ["stock_*.csv"], "required": ["article", "left"], "delimiter": ";", "land": {"day": "at"},
             "columns": {"item_id": "article", "in_stock": "left > 0"}},
        ]
    }  # fmt: skip
    dataset = Dataset.model_validate(values)
    source(tmp_path, ROWS)
    (tmp_path / "goods.csv").write_text("article,name\nmilk,Milk\n")
    (tmp_path / "stock_1.csv").write_text("article;left;at\nmilk;3;2026-03-03\nmilk;?;\n")
    land(landing, dataset, tmp_path)
    names = [info.path for info in landing.list_files("items") if info.size]
    assert names == [
        "items/ingest_date=2026-03-02/goods.undated-part-00000.csv.gz",
        "items/ingest_date=2026-03-02/stock_1.undated-part-00001.csv.gz",
        "items/ingest_date=2026-03-03/stock_1.part-00001.csv.gz",
    ]
    days = [dt.date(2026, 3, day) for day in (2, 3)]
    found = find_delivered(landing, "items", days, dataset.table("items").parts)
    assert [(file.part, file.columns) for file in found] == [
        (0, ("article", "name")),
        (1, ("article", "left", "at")),
        (1, ("article", "left", "at")),
    ]


def test_landed_files_are_utf8_whatever_the_mapping_says(landing: Lake, tmp_path: Path) -> None:
    looks = {**SHOP["tables"]["events"]["source"], "encoding": "cp1252"}
    path = source(tmp_path, [ROWS[0].replace("ann", "Jörg")])
    path.write_bytes(path.read_text().encode("cp1252"))
    values = copy.deepcopy(SHOP)
    for table in values["tables"].values():
        table["source"]["encoding"] = "cp1252"
    dataset = Dataset.model_validate(values)
    land(landing, dataset, path)
    (file,) = find_delivered(landing, "events", [dt.date(2026, 3, 2)], dataset.table("events").parts)
    (record,) = file.format.open_file(stored(landing, file.path), Delivery.model_validate(looks)).records
    assert record.values["customer"] == "Jörg"


def test_elements_of_an_array_land_as_rows(landing: Lake, tmp_path: Path) -> None:
    values = copy.deepcopy(SHOP)
    values["tables"]["items"] = {
        "source": {"required": ["goods.article"], "optional": ["goods.name"], "explode": "goods"},
        "land": {"day": "at", "columns": ["goods.article", "goods.name"], "distinct": "day"},
        "columns": {"item_id": "goods.article", "title": "goods.name"},
    }
    orders = [
        {"receipt": 1, "article": "-", "at": "2026-03-02", "pieces": 1, "customer": "ann",
         "goods": [{"article": "milk", "name": "Milk"}, {"article": "tea"}]},
        {"receipt": 2, "article": "-", "at": "2026-03-02", "pieces": 1, "customer": "ann",
         "goods": [{"article": "milk", "name": "Milk"}]},
    ]  # fmt: skip
    (tmp_path / "receipts.jsonl").write_text("".join(json.dumps(order) + "\n" for order in orders))
    land(landing, Dataset.model_validate(values), tmp_path / "receipts.jsonl")
    (file,) = [info.path for info in landing.list_files("items") if info.size]
    rows = [json.loads(line) for line in gzip.decompress(landing.read_bytes(file)).decode().splitlines()]
    assert rows == [{"goods.article": "milk", "goods.name": "Milk"}, {"goods.article": "tea"}]


def test_a_day_whose_records_lack_a_column_has_it_empty(landing: Lake, tmp_path: Path) -> None:
    values = copy.deepcopy(SHOP)
    values["tables"]["users"] = {
        "source": {"required": ["customer", "device"], "optional": ["town"]},
        "land": {"day": "at", "columns": ["customer", "device", "town"], "distinct": "range"},
        "columns": {"user_id": "coalesce(customer, device)"},
    }
    order = {
        "receipt": 1,
        "article": "milk",
        "pieces": 1,
        "at": "2026-03-02",
        "customer": "ann",
        "device": "d1",
        "name": "Milk",
    }
    guest = {**order, "at": "2026-03-03", "device": "d2"}
    del guest["customer"]
    (tmp_path / "receipts.jsonl").write_text(f"{json.dumps(order)}\n{json.dumps(guest)}\n")
    dataset = Dataset.model_validate(values)
    land(landing, dataset, tmp_path / "receipts.jsonl")
    days = [dt.date(2026, 3, day) for day in (2, 3)]
    for file in find_delivered(landing, "users", days, dataset.table("users").parts):
        assert file.columns == ("customer", "device")  # an absent column that need not be there stays absent


LINE = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=30).filter(lambda line: line.strip())
DATED = st.builds(
    lambda day, rest: f"1,milk,Milk,2026-03-{day:02d},{rest}", st.integers(1, 9), st.sampled_from(["1,ann,2", "1", ""])
)


@settings(max_examples=50, deadline=None)
@given(rows=st.lists(DATED | LINE, max_size=15))
def test_whatever_the_lines_are_each_lands_exactly_once(rows: list[str]) -> None:
    rows = ["1,milk,Milk,2026-03-01,1,ann,2", *[row for row in rows if row.strip(BLANK)]]
    with tempfile.TemporaryDirectory() as folder:
        lake = open_lake(Path(folder, "landing").as_uri())
        path = Path(folder, "receipts.csv")
        path.write_text("\n".join([HEADER, *rows]), newline="")
        summary = land(lake, Dataset.model_validate(SHOP), path)
        landed = []
        for info in lake.list_files("events"):
            if info.path.endswith(".gz"):
                landed += gzip.decompress(lake.read_bytes(info.path)).decode().split("\n")[1:-1]
        assert sorted(landed) == sorted(rows)
        # Quotes may join lines to one record.
        quoted = any('"' in row for row in rows)
        assert summary["events"]["rows"] == len(rows) if not quoted else summary["events"]["rows"] <= len(rows)
