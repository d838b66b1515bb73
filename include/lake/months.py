"""Months of a table in one file each: what a night reads instead of years of daily files.

A month's file is an artifact made from its committed days, with their rows and their day. It stands for them as long as
they are what it was made from: the name carries their fingerprints. After a day was ingested again, the month is read
day by day until it is merged again.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from include.columns import INGEST_DATE
from include.lake.artifacts import Artifact, Content, find_or_make
from include.lake.manifest import MANIFEST, Manifest, fingerprint, load_manifest
from include.lake.partitions import READERS, list_days, load_days, partition_folder
from include.lake.store import Lake

if TYPE_CHECKING:
    import pyarrow as pa

logger = logging.getLogger(__name__)

KIND = "months"
FORMAT = 1
FILE = "rows.parquet"
ROWS_AT_ONCE = 1 << 19

Days = Mapping[dt.date, Manifest]


def merge_months(lake: Lake, table: str, before: dt.date) -> list[Artifact]:
    """Merge the days of each month of `table` that ended before the day `before`; what is merged already is reused.

    What was merged from days that have changed since is deleted.
    """
    days = _past_days(lake, table, before)
    made = [
        find_or_make(lake, KIND, month, _inputs(table, own), partial(_write, lake, table, own), part=table)
        for month, own in _by_month(days)
    ]
    keep = {one.folder for one in made}
    for folder in sorted(_committed(lake, table) - keep):
        logger.info("deleting %s, of days that have changed", folder)
        lake.delete(folder)
    return made


def plan_merge(lake: Lake, table: str, before: dt.date) -> tuple[set[str], set[str]]:
    """Return the folders that `merge_months` would make, and those that it would delete."""
    wanted = {_folder(month, table, own) for month, own in _by_month(_past_days(lake, table, before))}
    there = _committed(lake, table)
    return wanted - there, there - wanted


def find_merged(lake: Lake, table: str, days: Days) -> tuple[list[str], Days]:
    """Return the URIs of the files of months that stand for some of `days`, and the other days."""
    committed = _committed(lake, table)
    names = {_folder(month, table, own): own for month, own in _by_month(days)}
    folders = [folder for folder in names if folder in committed]
    with ThreadPoolExecutor(READERS) as pool:
        manifests = list(pool.map(lambda folder: load_manifest(lake, folder), folders))
    uris = [
        lake.uri_of(f"{folder}/{path}")
        for folder, manifest in zip(folders, manifests, strict=True)
        for path in manifest.paths()
    ]
    merged = {day for folder in folders for day in names[folder]}
    return uris, {day: manifest for day, manifest in days.items() if day not in merged}


def _past_days(lake: Lake, table: str, before: dt.date) -> Days:
    """Return the days of the months that ended before the day `before`."""
    return load_days(lake, table, [day for day in list_days(lake, table) if day < before.replace(day=1)])


def _by_month(days: Days) -> Iterator[tuple[dt.date, Days]]:
    for month, own in groupby(sorted(days), key=lambda day: day.replace(day=1)):
        yield month, {day: days[day] for day in own}


def _inputs(table: str, days: Days) -> dict[str, object]:
    return {"format": FORMAT, "table": table, "days": {str(day): one.fingerprint for day, one in days.items()}}


def _folder(month: dt.date, table: str, days: Days) -> str:
    return f"{KIND}/{month}/{table}-{fingerprint(_inputs(table, days))}"


def _committed(lake: Lake, table: str) -> set[str]:
    """Return the folders of merged months of `table`."""
    folders = {path.removesuffix(f"/{MANIFEST}") for path in (info.path for info in lake.list_files(KIND))
               if path.endswith(f"/{MANIFEST}")}  # fmt: skip
    return {folder for folder in folders if folder.rpartition("/")[2].rpartition("-")[0] == table}


def _write(lake: Lake, table: str, days: Days, staged: str) -> Content:
    """Write the rows of `days`, in order, with their day; a column that a day lacks is null there."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    logger.info("merging %s of %s, %d days", f"{min(days):%Y-%m}", table, len(days))
    filesystem, root = lake.filesystem()
    files = [
        (day, f"{root}/{partition_folder(table, day)}/{path}") for day, one in days.items() for path in one.paths()
    ]
    inputs = {f"{table}/{day}": one.fingerprint for day, one in days.items()}
    if not files:
        return Content([], {"rows": 0}, inputs)
    schemas = [pq.read_schema(path, filesystem=filesystem).remove_metadata() for _, path in files]
    schema = pa.unify_schemas(schemas).append(pa.field(INGEST_DATE, pa.date32()))
    sink, rows = pa.BufferOutputStream(), 0
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        gathered: list[pa.Table] = []
        for day, path in files:
            gathered.append(_with_day(pq.read_table(path, filesystem=filesystem, partitioning=None), day, schema))
            rows += len(gathered[-1])
            if sum(map(len, gathered)) >= ROWS_AT_ONCE:
                writer.write_table(pa.concat_tables(gathered))
                gathered = []
        writer.write_table(pa.concat_tables([schema.empty_table(), *gathered]))
    lake.write_bytes(f"{staged}/{FILE}", sink.getvalue().to_pybytes())
    return Content([FILE], {"rows": rows}, inputs)


def _with_day(table: pa.Table, day: dt.date, schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    dated = table.append_column(INGEST_DATE, pa.array([day] * len(table), pa.date32()))
    columns = [dated[one.name] if one.name in dated.column_names else pa.nulls(len(dated), one.type) for one in schema]
    return pa.Table.from_arrays(columns, schema=schema)
