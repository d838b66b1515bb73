"""Malformed rows and files: each is read, set aside or refused by one line, and all are accounted for.

`NIGHTSHELF_MALFORMED` sets how many are made; the default takes seconds, 10000 some minutes.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pyarrow.fs import LocalFileSystem
from pyspark.sql import SparkSession

from include.contract.source import Delivery, SourceMapping
from include.errors import InputError
from include.ingest.ingest import ingest_table
from include.lake import Lake
from include.landing.delivered import find_delivered
from include.landing.formats import known_format
from include.landing.formats.rows import LINE, MALFORMED, POSITION, Wanted
from include.landing.formats.text import BLANK
from include.landing.stored import StoredFile
from tests.include.contract.mappings import DAY, deliver, shop
from tests.include.landing.malformed import COLUMNS, files

SIZE = int(os.environ.get("NIGHTSHELF_MALFORMED", "600"))
SOURCE = Delivery.model_validate({"required": COLUMNS[:1], "optional": COLUMNS[1:]})
WANTED = Wanted(SourceMapping(source=SOURCE, land=None, columns={}, reject={}, missing={}))


def read(path: Path) -> int:
    """Return the number of records of a file, which `land` and the ingest see alike."""
    file, form = StoredFile(str(path), LocalFileSystem(), str(path)), known_format(str(path), SOURCE, "")
    opened = form.open_file(file, SOURCE)
    records = list(opened.records)
    rows = [row for batch in form.read_batches(file, WANTED, opened.columns) for row in batch.to_pylist()]
    rows.sort(key=lambda row: row[POSITION])
    assert [row[POSITION] for row in rows] == list(range(len(records)))
    for row, record in zip(rows, records, strict=True):
        assert record.broken <= row[MALFORMED]
        assert (row[LINE] == record.line) if row[MALFORMED] or form.KEEPS_LINES else row[LINE] is None
    if form.NAME == "csv" and records:
        text = "\n".join([opened.header, *(record.line for record in records)])
        assert [line for line in text.split("\n") if line.strip(BLANK)] == lines(path)
    return len(records)


def lines(path: Path) -> list[str]:
    """Return the lines of a text file that are not blank."""
    import io

    with StoredFile(str(path), LocalFileSystem(), str(path)).open() as stream:
        data = stream.read()
    marks = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb": "utf-8-sig"}
    unmarked = "utf-16-le" if len(data) > 3 and not any(data[1:64:2]) else "utf-8"
    text = io.TextIOWrapper(io.BytesIO(data), encoding=marks.get(data[:2], unmarked)).read()
    return [line for line in text.split("\n") if line.strip(BLANK)]


def test_no_record_is_lost_and_no_fault_is_a_raw_stack(tmp_path: Path) -> None:
    refused = read_whole = 0
    for name, data in files(1, SIZE).items():
        path = tmp_path / name
        path.write_bytes(data)
        try:
            read_whole += read(path)
        except InputError as error:
            assert name in error.problem
            assert "\n" not in str(error)
            refused += 1
    assert refused
    assert read_whole


@pytest.mark.spark
def test_the_books_hold_every_record(spark: SparkSession, landing: Lake, lake: Lake, tmp_path: Path) -> None:
    accepted: dict[str, bytes] = {}
    landed = 0
    dataset = shop(source=SOURCE.model_dump())
    for name, data in files(2, SIZE).items():
        (tmp_path / name).write_bytes(data)
        deliver(landing, "events", DAY, {name: data})
        try:
            records = read(tmp_path / name)
            find_delivered(landing, "events", [DAY], dataset.table("events").parts)
        except InputError:
            landing.delete(f"events/ingest_date={DAY}/{name}")
            continue
        accepted[name] = data
        landed += records
        landing.delete(f"events/ingest_date={DAY}/{name}")
    deliver(landing, "events", DAY, accepted)
    counts = ingest_table(spark, landing, lake, dataset, "events", [DAY])
    assert counts["landed"] == landed
    assert counts["landed"] == counts["ingested"] + counts["duplicates"] + counts["quarantined"]
