"""What a mapping makes of a sample: the sample is landed and ingested, as the files will be."""

from __future__ import annotations

import datetime as dt
import logging
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from include.columns import EVENTS, ITEM_ID, ITEMS, REASONS, TABLES
from include.contract import Dataset
from include.ingest.books import QUARANTINE
from include.ingest.ingest import ingest_table
from include.lake import Lake, open_folder, open_lake, partition_folder
from include.landing.land import land
from include.log import step
from include.mapping.sample import HEAD_BYTES, RECORDS, ends

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

MOST_DAYS = 60


@dataclass(frozen=True)
class Taken:
    """What became of a table's sample.

    Parameters
    ----------
    counts
        Landed, ingested, duplicates and quarantined rows.
    reasons
        Why rows were set aside, with how many.
    example
        By reason, what the first such row says.
    """

    counts: Mapping[str, int]
    reasons: Counter[str]
    example: dict[str, str] = field(default_factory=dict)


def copy_sample(source: Path, folder: Path) -> Path:
    """Copy the first and the last records of each file to `folder`, small files whole."""
    folder.mkdir(parents=True)
    for path in [source] if source.is_file() else sorted(source.iterdir()):
        if path.is_file() and path.name[0] not in "._":
            _copy(path, folder / path.name)
    return folder


def try_mapping(spark: SparkSession, dataset: Dataset, sample: Path, folder: Path) -> dict[str, Taken]:
    """Land and ingest a sample in `folder`, and return what became of each table.

    Raises
    ------
    NightshelfError
        As landing and ingesting the whole files would.
    """
    landing, lake = open_lake(f"file://{folder}/landing"), open_lake(f"file://{folder}/lake")
    land(landing, dataset, sample)
    days = _fullest_days(landing)
    with step(logger, f"ingesting the sample's {len(days)} days"):
        return {table: _take(spark, landing, lake, dataset, table, days) for table in TABLES}


def known_items(folder: Path) -> float | None:
    """Return the share of the ingested events whose item the sample's catalogue has, None without events."""
    import pyarrow.dataset as ds

    ids = {}
    for table in (EVENTS, ITEMS):
        files = [str(path) for path in (folder / "lake" / table).rglob("*.parquet")]
        if not files:
            return None
        ids[table] = ds.dataset(files).to_table([ITEM_ID])[ITEM_ID].to_pylist()
    known = set(ids[ITEMS])
    return sum(item in known for item in ids[EVENTS]) / max(len(ids[EVENTS]), 1)


def _take(spark: SparkSession, landing: Lake, lake: Lake, dataset: Dataset, table: str, days: list[dt.date]) -> Taken:
    counts = ingest_table(spark, landing, lake, dataset, table, days)
    taken = Taken(counts, Counter())
    for day in days:
        details = open_folder(lake, partition_folder(table, day)).details
        taken.reasons.update(details["quarantined_by_reason"])
        _examples(lake, partition_folder(f"{QUARANTINE}/{table}", day), taken)
    return taken


def _examples(lake: Lake, folder: str, taken: Taken) -> None:
    import pyarrow.parquet as pq

    filesystem, root = lake.filesystem()
    for info in lake.list_files(folder):
        if not info.path.endswith(".parquet"):
            continue
        for row in pq.read_table(f"{root}/{info.path}", filesystem=filesystem).to_pylist():
            said = row[REASONS][0]
            kind = next((reason for reason in taken.reasons if _same(said, reason)), said)
            taken.example.setdefault(kind, f"{said}: {row['raw']}")


def _same(said: str, kind: str) -> bool:
    """Return whether a row's reason is of a kind, which is the reason without the value."""
    column, _, rest = kind.partition(" ")
    return said == kind or (said.startswith(f"{column}=") and said.endswith(rest))


def _fullest_days(landing: Lake) -> list[dt.date]:
    """Return the days on which most was landed, in order."""
    sizes: Counter[str] = Counter()
    for table in TABLES:
        for info in landing.list_files(table):
            sizes[info.path.split("ingest_date=")[1][:10]] += info.size
    fullest = [dt.date.fromisoformat(day) for day, size in sizes.most_common(MOST_DAYS) if size]
    return sorted(fullest)


def _copy(path: Path, target: Path) -> None:
    import pyarrow as pa

    if path.stat().st_size <= HEAD_BYTES:
        shutil.copyfile(path, target)
    elif path.suffix == ".parquet":
        _copy_parquet(path, target)
    elif path.suffix == ".avro":
        _copy_avro(path, target)
    else:
        head, tail, _ = ends(path)
        text = head[: head.rfind(b"\n") + 1] + tail.partition(b"\n")[2]
        with pa.output_stream(str(target), compression="detect") as stream:
            stream.write(text)


def _copy_parquet(path: Path, target: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    batch = next(pq.ParquetFile(path).iter_batches(RECORDS))
    pq.write_table(pa.Table.from_batches([batch]), target)


def _copy_avro(path: Path, target: Path) -> None:
    import fastavro

    with path.open("rb") as source, target.open("wb") as copy:
        reader = fastavro.reader(source)
        fastavro.writer(copy, reader.writer_schema, islice(reader, RECORDS))
