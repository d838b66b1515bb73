"""The ingest on small deliveries: every record ends in exactly one place, and says why."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import random
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from include.errors import ConfigurationError, InputError, LakeError, ValidationError
from include.ingest import ingest as ingesting
from include.ingest.ingest import ingest_table
from include.lake import Lake, list_days, open_folder, open_lake, partition_folder
from tests.include.contract.mappings import DAY, NEXT_DAY, SHOP, deliver, shop
from tests.include.ingest.days import GOOD, HEADER, reasons, rows

pytestmark = pytest.mark.spark


def test_a_row_becomes_the_contract(ingest: Any, landing: Lake, lake: Lake) -> None:
    deliver(landing, "events", DAY, {"1.csv": HEADER + " 1 , milk ,2026-03-01T23:30:00+01:00, 2 ,,\n"})
    assert ingest() == (1, 1, 0, 0)
    assert rows(lake, "events") == [
        {
            "event_id": "1",
            "user_id": None,
            "item_id": "MILK",
            "event_type": "purchase",
            "event_ts": dt.datetime(2026, 3, 1, 22, 30, tzinfo=dt.UTC),
            "quantity": 2.0,
            "price": None,
            "order_id": None,
            "currency": None,
        }
    ]
    assert rows(lake, "quarantine/events") == []


def test_broken_rules_are_named_with_the_value_and_the_place(ingest: Any, landing: Lake, lake: Lake) -> None:
    lines = [
        GOOD,
        "2,,2026-03-02,1,,\n",
        "\n",
        "3,milk,yesterday,1,,\n",
        "4,milk,09:30:00,1,,\n",
        "5,milk,2026-03-02,many,,\n",
        "6,milk,2026-03-02,0,,-1\n",
        "7,milk,2026-03-03 00:00:00,1,,\n",
        "8,milk,2026-03-02 23:59:59.999,1,,NaN\n",
        "9,milk\n",
        '10,milk,2026-03-02,1,"ann,bob"\n',
        "11,bag,2026-03-02,1,,\n",
        "T12,bag,2026-03-02,,,\n",
        ",milk,2026-03-02,1,,1e400\n",
    ]
    deliver(landing, "events", DAY, {"1.csv.gz": HEADER + "".join(lines)})
    assert ingest() == (13, 1, 0, 12)
    assert reasons(lake) == {
        ("1.csv.gz", 2): ["item_id is missing"],
        ("1.csv.gz", 3): ["event_ts=yesterday is not a time"],
        ("1.csv.gz", 4): ["event_ts=09:30:00 is not a time"],
        ("1.csv.gz", 5): ["quantity=many is not a number"],
        ("1.csv.gz", 6): ["quantity=0 is not above 0", "price=-1 is below 0"],
        ("1.csv.gz", 7): ["event_ts=2026-03-03 00:00:00 is after the day of its delivery in UTC"],
        ("1.csv.gz", 8): ["price=NaN is not a number"],
        ("1.csv.gz", 9): ["malformed_row"],
        ("1.csv.gz", 10): ["malformed_row"],
        ("1.csv.gz", 11): ["bag"],
        ("1.csv.gz", 12): ["bag", "test_receipt", "quantity is missing"],
        ("1.csv.gz", 13): ["event_id is missing", "price=1e400 is not a number"],
    }
    raw = {row["record"]: row["raw"] for row in rows(lake, "quarantine/events")}
    assert raw[9] == "9,milk"
    assert json.loads(raw[11]) == {"receipt": "11", "article": "bag", "at": "2026-03-02", "pieces": "1"}
    details = open_folder(lake, partition_folder("events", DAY)).details["quarantined_by_reason"]
    assert sum(details.values()) == 12
    assert details["bag"] == 2
    assert details["quantity is not a number"] == 1


def test_an_unknown_event_type_is_named(ingest: Any, landing: Lake, lake: Lake) -> None:
    columns = {**SHOP["tables"]["events"]["columns"], "event_type": "lower(customer)"}
    deliver(landing, "events", DAY, {"1.csv": HEADER + "1,milk,2026-03-02,1,View,\n2,milk,2026-03-02,1,stare,\n"})
    assert ingest(dataset=shop(columns=columns)) == (2, 1, 0, 1)
    assert reasons(lake) == {("1.csv", 2): ["event_type=stare is not one of view, cart, purchase, return"]}


def test_files_of_a_day_are_put_together_by_name(ingest: Any, landing: Lake, lake: Lake, tmp_path: Path) -> None:
    pq.write_table(
        pa.table(
            {
                "pieces": [1.5, -1.0],
                "receipt": [3, 4],
                "at": pa.array([dt.datetime(2026, 3, 2, 9)] * 2, pa.timestamp("us")),
                "article": ["milk", "milk"],
                "shelf": ["a", "b"],
            }
        ),
        tmp_path / "x.parquet",
    )
    files = {
        "1.csv": HEADER + GOOD,
        "2 +50%20 {a}[b]*.csv": "tip,pieces,receipt,at,article\n5,2,2,2026-03-02,milk\nx,0,22,2026-03-02,milk\n",
        "3.parquet": (tmp_path / "x.parquet").read_bytes(),
        "4.jsonl.gz": '{"receipt":"5","article":"milk","at":"2026-03-02","pieces":1,"customer":"ann"}\n\n'
        '{"receipt":"6","article":"milk","at":"2026-03-02"}\n'
        '{"receipt":"7"}{"receipt":"8"}\nnothing\n["a"]\n',
    }
    deliver(landing, "events", DAY, files)
    assert ingest() == (10, 4, 0, 6)
    assert {row["event_id"]: row["quantity"] for row in rows(lake, "events")} == {"1": 1, "2": 2, "3": 1.5, "5": 1}
    assert reasons(lake) == {
        ("2 +50%20 {a}[b]*.csv", 2): ["quantity=0 is not above 0"],
        ("3.parquet", 2): ["quantity=-1 is not above 0"],
        ("4.jsonl.gz", 2): ["quantity is missing"],
        ("4.jsonl.gz", 3): ["malformed_row"],
        ("4.jsonl.gz", 4): ["malformed_row"],
        ("4.jsonl.gz", 5): ["malformed_row"],
    }
    raw = {(row["source_file"], row["record"]): row["raw"] for row in rows(lake, "quarantine/events")}
    assert json.loads(raw["2 +50%20 {a}[b]*.csv", 2])["tip"] == "x", (
        "the raw row has the columns that nothing maps, too"
    )
    assert raw["4.jsonl.gz", 2] == '{"receipt":"6","article":"milk","at":"2026-03-02"}'


def test_columns_that_nothing_maps_may_have_any_name(ingest: Any, landing: Lake, lake: Lake) -> None:
    odd = {"Preis inkl. MwSt.": "x", "a`b": "y", "c.d": "z"}
    header = HEADER.strip() + "," + ",".join(odd) + "\n"
    deliver(landing, "events", DAY, {"1.csv": header + "1,milk,2026-03-02,0,ann,1,x,y,z\n", "2.csv": HEADER + GOOD})
    assert ingest() == (2, 1, 0, 1)
    (row,) = rows(lake, "quarantine/events")
    assert json.loads(row["raw"]).items() >= odd.items()


def test_a_day_without_files_is_an_empty_partition(ingest: Any, landing: Lake, lake: Lake) -> None:
    deliver(landing, "events", DAY, {})
    deliver(landing, "events", NEXT_DAY, {"a.csv": HEADER, "b.csv": "\n"})
    assert ingest(days=(DAY, NEXT_DAY)) == (0, 0, 0, 0)
    for day in (DAY, NEXT_DAY):
        assert rows(lake, "events", day) == rows(lake, "quarantine/events", day) == []
    assert list_days(lake, "events") == [DAY, NEXT_DAY]


def test_what_is_set_aside_of_a_day_is_one_file(ingest: Any, landing: Lake, lake: Lake) -> None:
    bad = HEADER + "".join(f"{number},milk,2026-03-02,0,,\n" for number in range(20))
    for day in (DAY, NEXT_DAY):
        deliver(landing, "events", day, {"a.csv": bad, "b.csv": bad})
    ingest(days=(DAY, NEXT_DAY))
    for day in (DAY, NEXT_DAY):
        manifest = open_folder(lake, partition_folder("quarantine/events", day))
        assert manifest.counts["quarantined"] == 40
        assert len(manifest.paths()) == 1


def test_the_manifest_says_what_came_in_and_what_came_out(ingest: Any, landing: Lake, lake: Lake) -> None:
    deliver(landing, "events", DAY, {"a.csv": HEADER + GOOD + GOOD + "x\n"})
    ingest()
    for table in ("events", "quarantine/events"):
        manifest = open_folder(lake, partition_folder(table, DAY))
        assert manifest.counts == {
            "landed": 3,
            "ingested": 1,
            "duplicates": 1,
            "quarantined": 1,
            "late": 0,
            "differing": 0,
        }
        assert manifest.details["files"] == {"a.csv": {"records": 3, **manifest.counts}}
        assert manifest.inputs == {"a.csv": landing.content_tag(f"{partition_folder('events', DAY)}/a.csv")}
        assert manifest.details["quarantined_by_reason"] == {"malformed_row": 1}


def test_ingesting_again_gives_the_same_and_a_range_the_same_as_its_days(
    ingest: Any, landing: Lake, lake: Lake
) -> None:
    for day in (DAY, NEXT_DAY):
        deliver(landing, "events", day, {"a.csv": HEADER + GOOD + "x\n", "b.csv": HEADER + GOOD.replace("1,m", "2,m")})
    ingest(days=(DAY, NEXT_DAY))
    whole = [(rows(lake, "events", day), open_folder(lake, partition_folder("events", day)).fingerprint)
             for day in (DAY, NEXT_DAY)]  # fmt: skip
    for day in (NEXT_DAY, DAY, DAY):
        ingest(days=(day,))
    again = [(rows(lake, "events", day), open_folder(lake, partition_folder("events", day)).fingerprint)
             for day in (DAY, NEXT_DAY)]  # fmt: skip
    assert again == whole
    assert lake.list_files("_staging") == []


def test_another_delivery_or_another_mapping_is_another_fingerprint(ingest: Any, landing: Lake, lake: Lake) -> None:
    def fingerprint(**changes: Any) -> str:
        ingest(dataset=shop(**changes))
        return open_folder(lake, partition_folder("events", DAY)).fingerprint

    deliver(landing, "events", DAY, {"a.csv": HEADER + GOOD})
    first = fingerprint()
    assert fingerprint(reject={}) != first
    deliver(landing, "events", DAY, {"a.csv": HEADER + GOOD.replace("ann", "bob")})
    assert fingerprint() != first
    assert [row["user_id"] for row in rows(lake, "events")] == ["bob"]


def test_large_days_become_several_files_with_the_same_rows(
    ingest: Any, landing: Lake, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"{number % 40},milk,2026-03-02,1,{number},\n" for number in range(60)]
    deliver(landing, "events", DAY, {"a.csv": HEADER + "".join(lines)})
    assert ingest() == (60, 40, 20, 0)
    one = sorted(rows(lake, "events"), key=lambda row: row["event_id"])
    monkeypatch.setattr(ingesting, "BYTES_A_FILE", 200)
    assert ingest() == (60, 40, 20, 0)
    assert sorted(rows(lake, "events"), key=lambda row: row["event_id"]) == one
    assert len(open_folder(lake, partition_folder("events", DAY)).paths()) > 1


def test_records_keep_their_numbers_in_a_file_that_is_read_in_blocks(
    ingest: Any, spark: SparkSession, landing: Lake, lake: Lake
) -> None:
    bad = {700, 1, 1999, 2000}
    lines = [f"{n},milk,2026-03-02,{0 if n in bad else 1},customer-{n},\n" for n in range(1, 2001)]
    deliver(landing, "events", DAY, {"a.csv": HEADER + "".join(lines)})
    before = spark.conf.get("spark.sql.files.maxPartitionBytes")
    spark.conf.set("spark.sql.files.maxPartitionBytes", "10000")
    try:
        assert ingest() == (2000, 1996, 0, 4)
    finally:
        spark.conf.set("spark.sql.files.maxPartitionBytes", str(before))
    assert reasons(lake).keys() == {("a.csv", n) for n in bad}


def test_an_expression_that_is_wrong_is_named(ingest: Any, landing: Lake, lake: Lake) -> None:
    deliver(landing, "events", DAY, {"a.csv": HEADER + GOOD})
    columns = {**SHOP["tables"]["events"]["columns"], "price": "amuont / 2"}
    with pytest.raises(ConfigurationError, match=r"tables\.events\.columns\.price of the mapping, 'amuont / 2'"):
        ingest(dataset=shop(columns=columns))
    with pytest.raises(ConfigurationError, match=r"tables\.events\.reject\.odd of the mapping, 'pieces >'"):
        ingest(dataset=shop(reject={"odd": "pieces >"}))
    assert list_days(lake, "events") == []


def test_typed_expressions_and_bad_values_in_them_do_not_stop_the_night(ingest: Any, landing: Lake, lake: Lake) -> None:
    columns = {
        **SHOP["tables"]["events"]["columns"],
        "event_ts": "to_timestamp(at, 'dd.MM.yyyy HH:mm')",
        "quantity": "abs(pieces)",
        "price": "amount / pieces",
    }
    lines = "1,milk,02.03.2026 09:30,-4,,2\n2,milk,2026-03-02,1,,\n3,milk,02.03.2026 09:30,x,,1\n"
    deliver(landing, "events", DAY, {"a.csv": HEADER + lines})
    assert ingest(dataset=shop(columns=columns)) == (3, 0, 0, 3)
    assert reasons(lake) == {
        ("a.csv", 1): ["price=-0.5 is below 0"],
        ("a.csv", 2): ["event_ts is missing"],
        ("a.csv", 3): ["quantity is missing"],
    }


def test_a_file_cut_off_in_the_middle_is_named_and_nothing_is_committed(ingest: Any, landing: Lake, lake: Lake) -> None:
    lines = "".join(f"{n},milk,2026-03-02,1,{n * 7919 % 10007},\n" for n in range(60_000))
    deliver(landing, "events", DAY, {"a.csv.gz": gzip.compress((HEADER + lines).encode())[:-2000]})
    with pytest.raises(InputError, match=r"a\.csv\.gz is damaged.*deliver the file again"):
        ingest()
    assert list_days(lake, "events") == []
    assert lake.list_files("_staging") == []


@pytest.mark.parametrize(("change", "what"), [(b"", "removed"), (b"receipt\n", "changed")])
def test_a_file_that_changes_while_it_is_read_is_named_and_nothing_is_committed(
    change: bytes, what: str, ingest: Any, landing: Lake, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(landing, "events", DAY, {"a.csv": HEADER + GOOD})
    path = f"{partition_folder('events', DAY)}/a.csv"
    written = ingesting.write_parquet

    def meanwhile(*args: Any, **options: Any) -> Any:
        landing.write_bytes(path, change) if change else landing.delete(path)
        return written(*args, **options)

    monkeypatch.setattr(ingesting, "write_parquet", meanwhile)
    with pytest.raises(InputError, match=f"a.csv was {what} while it was read"):
        ingest()
    assert list_days(lake, "events") == [] == lake.list_files("_staging")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB."""
    mount = shutil.which("mount")
    (tmp_path / "disk").mkdir()
    options = ["-t", "tmpfs", "-o", "size=64k", "none", str(tmp_path / "disk")]
    if mount is None or subprocess.run([mount, *options], capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    yield tmp_path / "disk"
    subprocess.run(["umount", str(tmp_path / "disk")], check=True)


def test_a_full_disk_is_named_and_the_next_try_leaves_what_an_undisturbed_one_does(
    spark: SparkSession, landing: Lake, lake: Lake, small_disk: Path
) -> None:
    digits = random.Random(1)
    lines = [f"{n},milk,2026-03-02,1,{digits.getrandbits(200)},\n" for n in range(5000)]
    deliver(landing, "events", DAY, {"a.csv": HEADER + "".join(lines)})
    full = open_lake(small_disk.as_uri())
    with pytest.raises(LakeError, match=r"^No space left on device. Remedy: free space on the disk of the lake"):
        ingest_table(spark, landing, full, shop(), "events", [DAY])
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    for one in (full, lake):
        ingest_table(spark, landing, one, shop(), "events", [DAY])
    assert open_folder(full, partition_folder("events", DAY)) == open_folder(lake, partition_folder("events", DAY))
    assert [file.path for file in full.list_files("")] == [file.path for file in lake.list_files("")]


def test_books_that_do_not_balance_stop_the_table(
    ingest: Any, landing: Lake, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = ingesting.rows_to_ingest
    monkeypatch.setattr(ingesting, "rows_to_ingest", lambda *arguments: original(*arguments).limit(1))
    deliver(landing, "events", DAY, {"a.csv": HEADER + GOOD + GOOD.replace("1,m", "2,m")})
    with pytest.raises(ValidationError, match=r"2 records landed, but 1 ingested \+ 0 duplicates"):
        ingest()
    assert list_days(lake, "events") == []


def test_ansi_is_as_before_afterwards(ingest: Any, spark: SparkSession, landing: Lake) -> None:
    deliver(landing, "events", DAY, {"a.csv": HEADER + GOOD})
    ingest()
    assert spark.conf.get("spark.sql.ansi.enabled") == "true"


VALUE = st.sampled_from(
    [
        "",
        "1",
        "2",
        "milk",
        "bag",
        "2026-03-02",
        "2026-03-02 10:00",
        "2026-03-09",
        "-1",
        "0",
        "x",
        'q"',
        '"q"',
        "1e9",
        "ü",
    ]
)
RECORD = st.lists(VALUE, min_size=1, max_size=8).map(",".join) | st.lists(VALUE, min_size=6, max_size=6).map(",".join)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.lists(st.lists(RECORD, max_size=40), min_size=1, max_size=3))
def test_whatever_is_delivered_the_books_balance(spark: SparkSession, files: list[list[str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        landing, lake = (open_lake(Path(folder, name).as_uri()) for name in ("landing", "lake"))
        deliver(
            landing, "events", DAY, {f"{n}.csv": HEADER + "".join(f"{r}\n" for r in f) for n, f in enumerate(files)}
        )
        counts = ingest_table(spark, landing, lake, shop(), "events", [DAY])
        assert counts["landed"] == sum(1 for file in files for record in file if record)
        good, bad = rows(lake, "events"), rows(lake, "quarantine/events")
        assert (len(good), len(bad)) == (counts["ingested"], counts["quarantined"])
        assert counts["landed"] == len(good) + len(bad) + counts["duplicates"]
        assert max(Counter(row["event_id"] for row in good).values(), default=1) == 1
        assert all(row["reasons"] and row["raw"] for row in bad)
        for row in bad:
            records = [record for record in files[int(row["source_file"][:-4])] if record]
            if row["reasons"] == ["malformed_row"]:
                assert records[row["record"] - 1] == row["raw"]
