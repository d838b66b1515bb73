"""Set-aside rows after a corrected mapping: each moves once, and the books stay exact."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from include.contract import Dataset
from include.errors import InputError, LakeError
from include.ingest import books
from include.ingest.replay import replay_table
from include.lake import Lake, list_days, open_folder, partition_folder
from tests.include.contract.mappings import DAY, NEXT_DAY, SHOP, deliver, shop
from tests.include.ingest.days import GOOD, HEADER, reasons, rows

pytestmark = pytest.mark.spark

COLUMNS = SHOP["tables"]["events"]["columns"]
COUNTED = ("landed", "ingested", "duplicates", "quarantined", "late")


@pytest.fixture
def replay(spark: SparkSession, lake: Lake) -> Any:
    def run(dataset: Dataset, table: str = "events", days: tuple[dt.date, ...] = (DAY,)) -> tuple[int, int, int]:
        found = replay_table(spark, lake, dataset, table, days)
        assert found["replayed"] == found["ingested"] + found["duplicates"] + found["quarantined"]
        return found["ingested"], found["duplicates"], found["quarantined"]

    return run


def counts(lake: Lake, table: str = "events", day: dt.date = DAY) -> tuple[int, ...]:
    """Return the books of a day, which all three of its folders have, and which are the sum of its files'."""
    manifests = [
        open_folder(lake, partition_folder(f"{one}{table}", day)) for one in ("", "quarantine/", "duplicates/")
    ]
    assert manifests[0].counts == manifests[1].counts == manifests[2].counts
    files = manifests[0].details["files"].values()
    found = tuple(sum(file[name] for file in files) for name in COUNTED)
    assert found == tuple(manifests[0].counts[name] for name in COUNTED)
    assert found[0] == found[1] + found[2] + found[3]
    assert (len(rows(lake, table, day)), len(rows(lake, f"quarantine/{table}", day))) == (found[1], found[3])
    assert sum(manifests[0].details["quarantined_by_reason"].values()) == found[3]
    return found


def with_decimals(**changes: Any) -> Dataset:
    source = {**SHOP["tables"]["events"]["source"], **changes}
    return shop(source=source)


def test_rows_move_to_where_an_ingest_by_the_corrected_mapping_puts_them_though_the_files_are_gone(
    ingest: Any, replay: Any, landing: Lake, lake: Lake
) -> None:
    lines = [
        GOOD,
        '2,milk,2026-03-02,"1,5",ann,"2.000,5"\n',  # numbers with a decimal comma
        '1,milk,2026-03-02,"2,5",ann,1\n',  # the key of the first line
        '3,milk,2026-02-28,"2,0",bob,\n',  # late
        "4,bag,2026-03-02,1,ann,1\n",
        "5,milk,2026-03-02,many,ann,1\n",
        '6,milk,2026-03-02,"1,0\n',
    ]
    deliver(landing, "events", DAY, {"a.csv": HEADER + "".join(lines), "b.csv": HEADER + lines[1]})
    wrong, right = shop(), with_decimals(decimal=",", thousands=".")
    ingest(dataset=wrong)
    before = counts(lake)
    assert before == (8, 1, 0, 7, 0)
    raw = {(row["source_file"], row["record"]): row["raw"] for row in rows(lake, "quarantine/events")}
    assert json.loads(raw["a.csv", 2])["amount"] == "2.000,5"
    for info in landing.list_files("events"):
        landing.delete(info.path)
    assert replay(right) == (2, 2, 3)
    assert counts(lake) == (8, 3, 2, 3, 1)
    replayed = sorted(rows(lake, "events"), key=lambda row: row["event_id"])
    assert [(row["event_id"], row["quantity"], row["price"]) for row in replayed] == [
        ("1", 1, 1.2), ("2", 1.5, 2000.5), ("3", 2, None),
    ]  # fmt: skip
    left = reasons(lake)
    assert left == {
        ("a.csv", 5): ["bag"], ("a.csv", 6): ["quantity=many is not a number"], ("a.csv", 7): ["malformed_row"],
    }  # fmt: skip
    assert [row["event_id"] for row in rows(lake, "duplicates/events")] == ["1"], "it differs from the one ingested"
    fingerprint = open_folder(lake, partition_folder("events", DAY)).fingerprint
    assert replay(right) == (0, 0, 3), "again it finds nothing to move"
    assert open_folder(lake, partition_folder("events", DAY)).fingerprint == fingerprint
    assert lake.list_files("_staging") == []


def test_an_event_that_the_lake_has_on_a_near_day_is_a_duplicate_on_either_side(
    ingest: Any, replay: Any, landing: Lake, lake: Lake
) -> None:
    days = tuple(DAY + dt.timedelta(days=age) for age in (0, 1, 2, 20))
    bad = "x,milk,2026-03-01,0,ann,\n"
    deliver(landing, "events", days[0], {"a.csv": HEADER + bad.replace("x", "a") + bad.replace("x", "b")})
    deliver(landing, "events", days[1], {"a.csv": HEADER + "a,milk,2026-03-01,1,ann,\nc,milk,2026-03-01,1,ann,\n"})
    deliver(landing, "events", days[2], {"a.csv": HEADER + bad.replace("x", "c") + bad.replace("x", "b")})
    deliver(landing, "events", days[3], {"a.csv": HEADER + bad.replace("x", "b")})
    ingest(days=days)
    # a is there a day later, c a day earlier; b comes three times, the last one after more than a week
    assert replay(shop(columns={**COLUMNS, "quantity": "'1'"}), days=days) == (2, 3, 0)
    assert [counts(lake, day=day)[:4] for day in days] == [(2, 1, 1, 0), (2, 2, 0, 0), (2, 0, 2, 0), (1, 1, 0, 0)]


def test_items_are_laid_over_the_state_of_their_day(ingest: Any, replay: Any, landing: Lake, lake: Lake) -> None:
    header = "article,name,price,stock,since,maker,changed\n"
    lines = [
        "milk,Old,1,yes,,Farm,2026-03-01\n",
        "milk,New,2,ja,,,2026-03-02\n",
        "tea,New,2,no,,,2026-03-02\n",
        "tea,Old,2,nein,,,2026-03-01\n",
        "jam,Jam,,nein,,,\n",
    ]
    deliver(landing, "items", DAY, {"a.csv": header + "".join(lines)})
    ingest("items")
    assert counts(lake, "items") == (5, 2, 0, 3, 0)
    items = SHOP["tables"]["items"]
    columns = {**items["columns"], "in_stock": "case stock when 'ja' then 'yes' when 'nein' then 'no' else stock end"}
    mended = Dataset.model_validate({**SHOP, "tables": {**SHOP["tables"], "items": {**items, "columns": columns}}})
    assert replay(mended, "items") == (1, 2, 0)
    assert counts(lake, "items") == (5, 3, 2, 0, 0)
    found = {row["item_id"]: (row["title"], row["price"], row["in_stock"]) for row in rows(lake, "items")}
    assert found == {"MILK": ("New", 2, True), "TEA": ("New", 2, False), "JAM": ("Jam", None, False)}
    stored = {row["item_id"]: dict(row["attributes"]) for row in rows(lake, "items")}
    assert stored["MILK"] == {"initial": "N"}, "an empty value is empty, as in a file"
    again = {row["item_id"]: row for row in rows(lake, "items")}
    ingest("items", dataset=mended)
    whole = {row["item_id"]: row for row in rows(lake, "items")}
    assert [{**again[key], "absent": None} for key in sorted(again)] == [
        {**whole[key], "absent": None} for key in sorted(whole)
    ]


ORDERS: dict[str, Any] = {
    "source": {"required": ["id", "at"], "optional": ["lines.sku", "lines.n"], "explode": "lines"},
    "columns": {
        "event_id": "concat(id, '-', explode_position)",
        "item_id": "`lines.sku`",
        "event_type": "'purchase'",
        "event_ts": "at",
        "quantity": "`lines.n`",
    },
    "reject": {},
}


def orders(**columns: str) -> Dataset:
    return shop(**{**ORDERS, "columns": {**ORDERS["columns"], **columns}})


def test_of_a_record_that_became_several_rows_only_those_set_aside_move(
    ingest: Any, replay: Any, landing: Lake, lake: Lake
) -> None:
    records = [
        {"id": "o1", "at": "2026-03-02", "lines": [{"sku": "a", "n": 1}, {"sku": "b", "n": 0}, {"sku": "c", "n": 0}]},
        {"id": "o2", "at": "2026-03-02", "lines": [{"n": 0}]},
    ]
    deliver(landing, "events", DAY, {"a.jsonl": "".join(json.dumps(one) + "\n" for one in records)})
    ingest(dataset=orders())
    assert counts(lake) == (4, 1, 0, 3, 0)
    assert {(row["record"], row["element"]) for row in rows(lake, "quarantine/events")} == {(1, 2), (1, 3), (2, 1)}
    assert replay(orders(quantity="greatest(`lines.n`, '1')")) == (2, 0, 1)
    assert counts(lake) == (4, 3, 0, 1, 0)
    assert sorted(row["event_id"] for row in rows(lake, "events")) == ["o1-1", "o1-2", "o1-3"]


def test_a_record_that_is_several_rows_only_now_balances(ingest: Any, replay: Any, landing: Lake, lake: Lake) -> None:
    record = {"id": "o1", "at": "2026-03-02", "lines": [{"sku": "a", "n": 1}, {"sku": "b", "n": 2}]}
    deliver(landing, "events", DAY, {"a.jsonl": json.dumps(record) + "\n"})
    before = {**ORDERS["columns"], "event_id": "id"}
    ingest(dataset=shop(source={**ORDERS["source"], "explode": None}, columns=before, reject={}))
    assert counts(lake) == (1, 0, 0, 1, 0)
    assert replay(orders()) == (2, 0, 0)
    assert counts(lake) == (2, 2, 0, 0, 0)
    assert open_folder(lake, partition_folder("events", DAY)).details["files"]["a.jsonl"]["records"] == 1


def test_parquet_and_records_that_could_not_be_parsed_are_read_again(
    ingest: Any, replay: Any, landing: Lake, lake: Lake, tmp_path: Any
) -> None:
    times = pa.array([dt.datetime(2026, 3, 2, 9), dt.datetime(2026, 3, 2, 10)], pa.timestamp("ns", "UTC"))
    columns = {"receipt": [3, 4], "article": ["milk", "tea"], "at": times, "pieces": [0.0, None]}
    pq.write_table(pa.table(columns), tmp_path / "x.parquet")
    deliver(landing, "events", DAY, {"b.parquet": (tmp_path / "x.parquet").read_bytes()})
    deliver(landing, "events", NEXT_DAY, {"a.csv": HEADER + '7,"2 pipe,2026-03-02,1,ann,\n'})
    days = (DAY, NEXT_DAY)
    ingest(days=days)
    assert [counts(lake, day=day)[:4] for day in days] == [(2, 0, 0, 2), (1, 0, 0, 1)]
    source = {**SHOP["tables"]["events"]["source"], "quote": ""}
    mended = shop(source=source, columns={**COLUMNS, "quantity": "greatest(coalesce(pieces, '0'), '1')"})
    assert replay(mended, days=days) == (3, 0, 0)
    found = {
        row["event_id"]: (row["item_id"], row["event_ts"].hour) for day in days for row in rows(lake, "events", day)
    }
    assert found == {"3": ("MILK", 9), "4": ("TEA", 10), "7": ('"2 PIPE', 0)}


@pytest.mark.parametrize("step", [2, pytest.param(3, marks=pytest.mark.long)])
def test_a_replay_that_was_killed_between_its_commits_is_finished(
    step: int, ingest: Any, replay: Any, landing: Lake, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [GOOD, "2,milk,2026-03-02,x,ann,\n", "1,tea,2026-03-02,x,ann,\n", "3,bag,2026-03-02,1,ann,\n"]
    deliver(landing, "events", DAY, {"a.csv": HEADER + "".join(lines)})
    ingest()
    mended = shop(columns={**COLUMNS, "quantity": "'1'"})
    commit, calls = books.commit_folder, []

    def dies(*args: Any, **options: Any) -> Any:
        calls.append(args)
        if len(calls) == step:
            raise LakeError("killed", remedy="none")
        return commit(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(books, "commit_folder", dies)
        with pytest.raises(LakeError):
            replay(mended)
    with pytest.raises(InputError, match="was interrupted, and the mapping has changed"):
        replay(shop(columns={**COLUMNS, "quantity": "'2'"}))
    replay(mended)
    assert counts(lake) == (4, 2, 1, 1, 0)
    assert sorted(row["event_id"] for row in rows(lake, "events")) == ["1", "2"]
    assert [row["event_id"] for row in rows(lake, "duplicates/events")] == ["1"]
    assert replay(mended) == (0, 0, 1)


def test_days_and_tables_without_set_aside_rows_are_left_alone(
    replay: Any, ingest: Any, landing: Lake, lake: Lake
) -> None:
    deliver(landing, "events", DAY, {"a.csv": HEADER + GOOD})
    ingest()
    before = lake.list_files("")
    assert replay(shop(), days=(DAY, NEXT_DAY)) == (0, 0, 0)
    assert lake.list_files("") == before
    assert list_days(lake, "events") == [DAY]
