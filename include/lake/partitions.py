"""Tables by day: `<table>/ingest_date=D/`, one committed folder a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from include.columns import INGEST_DATE
from include.lake.manifest import MANIFEST, Manifest, load_manifest
from include.lake.store import Lake

PREFIX = f"{INGEST_DATE}="
READERS = 16


def partition_folder(table: str, day: dt.date) -> str:
    """Return the folder of one day of a table, relative to the lake's or the landing's root."""
    return f"{table}/{PREFIX}{day.isoformat()}"


def list_days(lake: Lake, table: str, *, marker: str = MANIFEST) -> list[dt.date]:
    """Return the days of `table` that hold `marker`, in order."""
    parts = (info.path.removeprefix(f"{table}/").split("/") for info in lake.list_files(table))
    names = (part[0] for part in parts if len(part) == 2 and part[1] == marker)
    return sorted(dt.date.fromisoformat(name.removeprefix(PREFIX)) for name in names if name.startswith(PREFIX))


def load_days(lake: Lake, table: str, days: Iterable[dt.date]) -> dict[dt.date, Manifest]:
    """Return the manifests of committed days, in the order of `days`; several are asked for at a time.

    Raises
    ------
    MissingArtifactError
        When one of them was never committed.
    """
    wanted = list(days)
    with ThreadPoolExecutor(READERS) as pool:
        found = pool.map(lambda day: load_manifest(lake, partition_folder(table, day)), wanted)
        return dict(zip(wanted, found, strict=True))


def partition_uris(lake: Lake, table: str, first: dt.date, last: dt.date) -> tuple[list[str], dict[dt.date, Manifest]]:
    """Return the committed files of a table from `first` to `last`, and their manifests by day.

    `include.spark.files.read_parquet` reads them with Spark.
    """
    manifests = committed_days(lake, table, first, last)
    return file_uris(lake, table, manifests), manifests


def committed_days(lake: Lake, table: str, first: dt.date, last: dt.date) -> dict[dt.date, Manifest]:
    """Return the manifests of a table's days from `first` to `last`, in order."""
    days = {day for day in list_days(lake, table) if first <= day <= last}
    if last not in days and lake.exists(f"{partition_folder(table, last)}/{MANIFEST}"):
        days.add(last)  # committed a moment ago: a listing that lags behind does not show it yet
    return load_days(lake, table, sorted(days))


def file_uris(lake: Lake, table: str, manifests: Mapping[dt.date, Manifest]) -> list[str]:
    """Return the files of committed days."""
    return [
        lake.uri_of(f"{partition_folder(table, day)}/{path}")
        for day, manifest in manifests.items()
        for path in manifest.paths()
    ]
