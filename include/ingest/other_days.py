"""What a day has to do with other days: an event that was delivered once may not be counted on another day again.

Which events were delivered on a day is in the lake: those that were ingested, and those that were set aside because
an earlier day had delivered them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

from include.columns import INGEST_DATE, SUCCESS_MARKER
from include.contract.schema import CONTRACT, ContractTable
from include.ingest.accounts import DUPLICATES, INGESTED
from include.ingest.outcomes import REPEATED, known_rows, lake_schema
from include.lake import Lake, list_days, load_days, partition_folder
from include.spark.files import read_parquet

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def other_days(
    spark: SparkSession, lake: Lake, table: ContractTable, days: Sequence[dt.date], window: int
) -> DataFrame | None:
    """Return the events delivered on other days, up to `window` days before one of `days`; None for no such day."""
    before = near_days(lake, table.name, days, window, later=False)
    return known_rows(delivered_rows(spark, lake, table, before), table) if before else None


def changed_days(
    spark: SparkSession,
    lake: Lake,
    name: str,
    days: Sequence[dt.date],
    window: int,
    staging: str,
    written: Mapping[str, Collection[str]],
) -> list[dt.date]:
    """Return the later days in the lake of which an event becomes a duplicate, or is none any more.

    Parameters
    ----------
    days
        The days that are about to be committed.
    staging, written
        Where their rows are, and the files by outcome.
    """
    later = near_days(lake, name, days, window, later=True)
    if not later:
        return []
    table = CONTRACT[name]
    committed = set(list_days(lake, name))
    old = delivered_rows(spark, lake, table, [day for day in days if day in committed])
    staged = {
        outcome: [lake.uri_of(f"{staging}/{outcome}/{path}") for path in written.get(outcome, ())]
        for outcome in (INGESTED, DUPLICATES)
    }
    new = _read(spark, lake, table, {outcome: (f"{staging}/{outcome}", uris) for outcome, uris in staged.items()})
    keys = [frame.select(table.key, INGEST_DATE).distinct() for frame in (old, new)]
    changes = keys[0].exceptAll(keys[1]).union(keys[1].exceptAll(keys[0])).toDF(table.key, "changed_on")
    age = F.datediff(INGEST_DATE, "changed_on")
    touched = (
        delivered_rows(spark, lake, table, later).join(changes, table.key, how="inner").where(age.between(1, window))
    )
    return sorted(row[INGEST_DATE] for row in touched.select(INGEST_DATE).distinct().collect())


def closed_days(landing: Lake, name: str, days: Sequence[dt.date]) -> list[dt.date]:
    """Return those of `days` that are still in the landing zone."""
    return [day for day in days if landing.exists(f"{partition_folder(name, day)}/{SUCCESS_MARKER}")]


def near_days(lake: Lake, name: str, days: Sequence[dt.date], window: int, *, later: bool) -> list[dt.date]:
    """Return the committed days besides `days` that are up to `window` days before or after one of them."""
    if not window:
        return []
    sign = 1 if later else -1
    near = {day + dt.timedelta(days=sign * age) for day in days for age in range(1, window + 1)}
    return [day for day in list_days(lake, name) if day in near - set(days)]


def delivered_rows(spark: SparkSession, lake: Lake, table: ContractTable, days: Sequence[dt.date]) -> DataFrame:
    """Return the good events that were delivered on committed days."""
    places = {}
    for outcome, folder in ((INGESTED, table.name), (DUPLICATES, f"{DUPLICATES}/{table.name}")):
        there = set(list_days(lake, folder))
        manifests = load_days(lake, folder, [day for day in days if day in there])
        uris = [
            lake.uri_of(f"{partition_folder(folder, day)}/{path}")
            for day, manifest in manifests.items()
            for path in manifest.paths()
        ]
        places[outcome] = (folder, uris)
    return _read(spark, lake, table, places)


def _read(
    spark: SparkSession, lake: Lake, table: ContractTable, places: Mapping[str, tuple[str, list[str]]]
) -> DataFrame:
    schema = lake_schema(table)
    folder, uris = places[INGESTED]
    ingested = read_parquet(spark, lake, folder, uris, schema)
    folder, uris = places[DUPLICATES]
    duplicates = read_parquet(spark, lake, folder, uris, f"{REPEATED} boolean, {schema}").where(REPEATED)
    return ingested.unionByName(duplicates.drop(REPEATED))
