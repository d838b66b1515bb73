"""Exports that nearly fit: each is read right, or refused by one line that names file, value and remedy."""

from __future__ import annotations

import datetime as dt
import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from include.contract import Dataset, load_dataset
from include.errors import InputError
from include.lake import Lake
from include.landing.land import land
from include.mapping.draft import draft_mapping
from include.mapping.write import write_mapping

TIMES = [dt.datetime(2026, 3, 2 + number % 4, 9 + number % 12, number) for number in range(40)]


def orders(
    when: Callable[[dt.datetime], str] = str, sku: str = "s{}", customer: str = "c{}", price: str = "3.50"
) -> str:
    lines = [
        f"o{number},{customer.format(number % 7)},{sku.format(number % 9)},{when(time)},1,{price}"
        for number, time in enumerate(TIMES)
    ]
    return "\n".join(["OrderId,Customer,Sku,When,Qty,Price", *lines]) + "\n"


@pytest.fixture
def export(tmp_path: Path) -> Path:
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "products.csv").write_text("Sku,Title\n" + "".join(f"s{number},Thing {number}\n" for number in range(9)))
    (folder / "customers.csv").write_text("Customer,Country\n" + "".join(f"c{number},DE\n" for number in range(7)))
    return folder


def mapped(export: Path) -> tuple[Dataset, str]:
    text = write_mapping(draft_mapping(export))
    (export / "mapping.yaml").write_text(text)
    return load_dataset(str(export / "mapping.yaml")), text


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("orders.csv", orders().encode("utf-16")),
        ("orders.csv", orders().encode("utf-16-le")),
        ("orders.csv", orders().encode("utf-16-be")),
        ("orders.csv", orders().encode("utf-8-sig")),
        ("orders.csv", gzip.compress(orders().encode())),
        ("orders.csv", orders().replace("\n", "\r\n", 7).encode()),
        ("orders.csv", orders(lambda time: f"{time.day:02}.{time.month:02}.{time.year} {time:%H:%M}").encode()),
        ("orders.csv", orders(lambda time: f"{time:%m/%d/%Y %I:%M:%S %p}").encode()),
        ("orders.csv", orders(lambda time: f"{time:%Y%m%dT%H%M%S}").encode()),
        ("orders.csv", orders(lambda time: f"{time:%Y-%m-%dT%H:%M:%S.123}").replace(",", ";").encode()),
        ("ORDERS.TXT", orders().replace(",", "|").encode()),
    ],
)
def test_is_read_right(name: str, data: bytes, export: Path, landing: Lake) -> None:
    (export / name).write_bytes(data)
    dataset, _ = mapped(export)
    landed = land(landing, dataset, export)["events"]
    assert (landed["rows"], landed["first"], landed["last"]) == (40, "2026-03-02", "2026-03-05")


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        (
            "orders.csv",
            orders(lambda time: f"{time} CET"),
            r"orders\.csv has times.*'2026-03-02 09:00:00 CET'.*write the",
        ),
        ("orders.csv", orders(lambda time: "46083.375"), r"orders\.csv has times that are understood.*YYYY-MM-DD"),
        ("orders.json", "[{}]", r"orders\.json is one JSON text.*each record on a line"),
    ],
)
def test_is_refused_by_name(name: str, data: str, message: str, export: Path) -> None:
    (export / name).write_text(data)
    with pytest.raises(InputError, match=message):
        mapped(export)


def test_archives_and_workbooks_are_named(export: Path) -> None:
    for name in ("orders.zip", "orders.csv"):
        with zipfile.ZipFile(export / name, "w") as archive:
            archive.writestr("orders.csv", orders())
        with pytest.raises(InputError, match=rf"{name}.*unpack"):
            mapped(export)


def test_ids_that_differ_by_case_are_put_into_one(export: Path) -> None:
    (export / "orders.csv").write_text(orders(sku="S{}", customer="C{}"))
    tables = mapped(export)[0].tables
    assert tables.events.columns["item_id"] == tables.items.columns["item_id"] == "upper(Sku)"
    assert tables.events.columns["user_id"] == tables.users.columns["user_id"] == "upper(Customer)"


def test_fractions_after_a_comma_and_dates_that_have_two_readings(export: Path) -> None:
    text = orders(lambda time: f"{time:%Y-%m-%d %H:%M:%S}_5").replace(",", ";").replace("_5", ",5")
    (export / "orders.csv").write_text(text)
    assert mapped(export)[0].tables.events.columns["event_ts"] == "replace(`When`, ',', '.')"
    (export / "orders.csv").write_text(orders(lambda time: f"{time:%m/%d/%Y %H:%M}"))
    dataset, written = mapped(export)
    assert dataset.tables.events.columns["event_ts"] == "to_timestamp(`When`, 'M/d/yyyy H:m')"
    assert "CHECK: day and month" in written
