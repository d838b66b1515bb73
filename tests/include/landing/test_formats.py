"""A format is one module and one row: nothing else has to know it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from include.contract.source import Delivery
from include.errors import InputError
from include.lake import Lake
from include.landing import formats
from include.landing.delivered import find_delivered
from include.landing.formats import jsonl
from include.landing.formats.base import Opened, SourceRecord, open_records
from include.landing.formats.text import read_lines
from include.landing.land import land
from include.landing.stored import StoredFile
from tests.include.contract.mappings import DAY, deliver, parts, shop


def record(line: str) -> SourceRecord:
    values = dict(pair.split("=") for pair in line.split())
    return SourceRecord(json.dumps(values), values, False)


def open_file(file: StoredFile, source: Delivery) -> Opened:
    def records() -> Iterator[SourceRecord]:
        return map(record, read_lines(file, source.encoding))

    return open_records(records)


@pytest.fixture(autouse=True)
def pairs(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Register a format of `key=value` pairs."""
    module = SimpleNamespace(
        NAME="pairs", TITLE="Pairs", ENDINGS=(".pairs",), LANDS_AS=jsonl.LANDS_AS, open_file=open_file
    )
    monkeypatch.setattr(formats, "FORMATS", (*formats.FORMATS, module))
    return module


def test_a_registered_format_lands(landing: Lake, tmp_path: Path) -> None:
    (tmp_path / "receipts.pairs").write_text(
        "receipt=1 article=milk name=Milk at=2026-03-02 pieces=1 customer=ann\n"
        "receipt=2 article=milk name=Milk at=2026-03-03 pieces=2 customer=bob\n"
    )
    assert land(landing, shop(), tmp_path)["events"]["rows"] == 2
    (file,) = [info.path for info in landing.list_files("users/ingest_date=2026-03-03") if info.size]
    assert json.loads(gzip.decompress(landing.read_bytes(file))) == {"customer": "bob"}


def test_a_registered_format_is_delivered(landing: Lake, pairs: SimpleNamespace) -> None:
    deliver(landing, "events", DAY, {"1.pairs": "a=1 b=2\n"})
    (file,) = find_delivered(landing, "events", [DAY], parts(Delivery(required=("a", "b"))))
    assert (file.format, file.columns) == (pairs, ("a", "b"))


def test_an_unknown_ending_names_every_format(landing: Lake) -> None:
    deliver(landing, "events", DAY, {"1.xlsx": "PK"})
    with pytest.raises(InputError, match=r"1\.xlsx is neither CSV, JSON lines, Parquet, Avro nor Pairs by its name"):
        find_delivered(landing, "events", [DAY], parts(Delivery(required=("a",))))
