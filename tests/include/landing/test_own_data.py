"""The example of docs/own-data.md is run as it is written there."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from include.columns import TABLES
from include.contract import CONTRACT, load_dataset
from include.contract.dataset import Dataset, TableMapping
from include.contract.source import Delivery, Land
from include.ingest.ingest import ingest_table
from include.lake import Lake, open_folder
from include.landing.land import land
from include.settings import PROJECT

DOCUMENT = (PROJECT / "docs" / "own-data.md").read_text()
FILE = re.compile(r"^`/data/bakery/(?P<name>[^`]+)`:\n\n```\w+\n(?P<text>.*?)^```", re.M | re.S)
KINDS = {"timestamp": "time"}


@pytest.fixture
def bakery(tmp_path: Path) -> Iterator[Path]:
    for match in FILE.finditer(DOCUMENT):
        (tmp_path / match["name"]).write_text(match["text"])
    yield tmp_path


def test_the_example_has_its_files(bakery: Path) -> None:
    assert {path.name for path in bakery.iterdir()} == {
        "sales_2026.csv",
        "articles_2026.csv",
        "customers_2026.csv",
        "bakery.yaml",
    }


@pytest.mark.spark
def test_the_example_gives_what_the_page_says(bakery: Path, spark: SparkSession, landing: Lake, lake: Lake) -> None:
    dataset = load_dataset(str(bakery / "bakery.yaml"))
    days = [dt.date(2026, 3, 2), dt.date(2026, 3, 3)]
    for day in days:
        assert f"{day}" in DOCUMENT
    land(landing, dataset, bakery, days[0], days[-1])
    books = {table: ingest_table(spark, landing, lake, dataset, table, days) for table in TABLES}
    (shown,) = (text for text in re.findall(r"^```json\n(.*?)^```", DOCUMENT, re.M | re.S) if "landed" in text)
    assert books == json.loads(shown)
    reasons = [
        reason
        for day in days
        for reason in open_folder(lake, f"events/ingest_date={day}").details["quarantined_by_reason"]
    ]
    assert reasons == ["deposit", "quantity is not a number"]
    assert "attribute:flour" in dataset.policy().features.item_features


@pytest.mark.parametrize("table", TABLES)
def test_every_column_of_the_contract_is_explained(table: str) -> None:
    section = DOCUMENT.partition(f"**{table}**, ")[2].partition("\n**")[0]
    for column in CONTRACT[table].columns:
        (row,) = re.findall(rf"^\| `{column.name}` \| (\w+) \| ?(.*) \|$", section, re.M)
        assert row[0] == KINDS.get(column.kind, column.kind)
        assert ("required" in row[1]) == column.required


def test_every_key_of_the_format_is_explained() -> None:
    keys = {
        field.alias or name for model in (Dataset, TableMapping, Land) for name, field in model.model_fields.items()
    }
    keys |= {f"source.{name}" for name in Delivery.model_fields}
    keys -= {"source", "tables"}
    assert [key for key in sorted(keys) if f"`{key}`" not in DOCUMENT] == []
