"""A night's training set: what it is made from, and how Spark makes it."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession

from include import columns as c
from include.errors import MissingArtifactError, ValidationError
from include.features.build import FORMAT, training_frames
from include.features.catalogue import ITEM_SCHEMA, USER_SCHEMA
from include.features.interactions import EVENT_SCHEMA, Periods
from include.features.reference import Histograms, histograms, histograms_by_day
from include.features.training_set import INTERACTIONS
from include.lake import (
    Artifact,
    Content,
    Lake,
    committed_days,
    file_uris,
    find_merged,
    find_or_make,
    newest_artifact,
    partition_folder,
)
from include.log import step
from include.policy import Policy
from include.settings import Settings
from include.spark.files import read_parquet, write_parquet
from include.spark.session import for_data, spark_session

logger = logging.getLogger(__name__)

KIND = "training_sets"
EARLIEST = dt.date(1900, 1, 1)
SCHEMAS = {c.EVENTS: EVENT_SCHEMA, c.ITEMS: ITEM_SCHEMA, c.USERS: USER_SCHEMA}


@dataclass(frozen=True)
class Sources:
    """The lake's tables up to a run date.

    Attributes
    ----------
    uris
        The files of days to read, by table.
    merged
        The files of whole months, which stand for their days.
    tags
        The fingerprint of each day they come from, by `<table>/<day>`. Not the files' digests: Spark writes equal rows
        with the encodings of a footer in any order.
    size
        Bytes to read.
    whole
        The last day with rows of each table whose every delivery is the whole table.
    """

    uris: Mapping[str, list[str]]
    merged: Mapping[str, list[str]]
    tags: Mapping[str, str]
    size: int
    whole: Mapping[str, dt.date]

    def read(self, spark: SparkSession, lake: Lake, table: str, schema: str) -> DataFrame:
        """Return the rows of a table, see `read_parquet`."""
        return read_parquet(spark, lake, table, self.uris[table], schema, self.merged[table])


def find_sources(lake: Lake, run_date: dt.date, policy: Policy) -> Sources:
    """Return the events of the policy's window, and all rows of items and users, delivered up to `run_date`.

    Raises
    ------
    MissingArtifactError
        When the run date itself was not ingested, or a day has vanished since the training set of the night before.
    """
    since = run_date - dt.timedelta(days=policy.features.window_days - 1)
    uris, merged, tags, whole, size = {}, {}, {}, {}, 0
    for table, first in ((c.EVENTS, since), (c.ITEMS, EARLIEST), (c.USERS, EARLIEST)):
        days = committed_days(lake, table, first, run_date)
        if run_date not in days:
            raise MissingArtifactError(
                f"{lake.uri_of(table)} has no committed {c.INGEST_DATE}={run_date}",
                remedy=f"clear task ingest of that night, or run `python -m jobs.ingest --tables {table} "
                f"--date {run_date}`",
            )
        merged[table], rest = find_merged(lake, table, days)
        uris[table] = file_uris(lake, table, rest)
        tags.update({f"{table}/{day}": manifest.fingerprint for day, manifest in days.items()})
        size += sum(file.size for manifest in days.values() for file in manifest.files)
        filled = [day for day, manifest in days.items() if manifest.counts.get("ingested")]
        if filled and days[filled[-1]].details.get("delivery") == "whole":
            whole[table] = filled[-1]
    _miss_none(lake, run_date, since, tags)
    return Sources(uris, merged, tags, size, whole)


def _miss_none(lake: Lake, run_date: dt.date, since: dt.date, tags: Mapping[str, str]) -> None:
    """See that each day of the last training set before this one, and of this one's window, is still there."""
    before = newest_artifact(lake, KIND, run_date - dt.timedelta(days=1))
    days = [name.split("/") for name in (before.manifest.inputs if before else ()) if "/" in name and name not in tags]
    gone = sorted((dt.date.fromisoformat(day), table) for table, day in days)
    gone = [(day, table) for day, table in gone if table != c.EVENTS or day >= since]
    if before and gone:
        day, table = gone[0]
        raise MissingArtifactError(
            f"{lake.uri_of(partition_folder(table, day))} is gone, and with it {len(gone)} of the days that "
            f"{before.folder} was made from",
            remedy=f"run `python -m jobs.ingest --tables {table} --date {day}`, and the same for each such day",
        )


def inputs_of(days: Periods, policy: Policy, sources: Sources) -> dict[str, object]:
    """Return all that the training set depends on."""
    return {
        "format": FORMAT,
        "run_date": days.last,
        **({"fresh": days.fresh, "old_weight": days.old_weight} if days.fresh else {}),
        "features": policy.features.fingerprint(),
        "holdout_days": policy.evaluation.holdout_days,
        "target_events": policy.evaluation.target_events,
        "inputs": dict(sources.tags),
    }


def find_or_build(settings: Settings, lake: Lake, days: Periods, policy: Policy) -> Artifact:
    """Return the training set of these days, built now unless it is there.

    Raises
    ------
    MissingArtifactError
        See `find_sources`.
    ValidationError
        When the window holds no event: nothing can be learned, and nothing should be published.
    """
    sources = find_sources(lake, days.last, policy)

    if not (sources.uris[c.ITEMS] or sources.merged[c.ITEMS]):
        logger.warning("no item was ever delivered: all that is sold is recommended, its ids stand for titles")

    def build(staged: str) -> Content:
        with spark_session("build_training_set", for_data(settings, sources.size)) as spark:
            written, (reference, by_day) = _write_tables(spark, lake, sources, staged, days, policy)
        counts = {name: sum(rows.values()) for name, rows in written.items()}
        if not counts[INTERACTIONS] and not by_day:
            raise ValidationError(
                f"the {policy.features.window_days} days up to {days.last} hold no event",
                remedy="look at the landing of events and at the quarantine, then clear task ingest",
            )
        return Content(
            files=[f"{name}/{file}" for name, rows in written.items() for file in rows],
            counts=counts,
            inputs={**sources.tags, "policy.features": policy.features.fingerprint()},
            details={
                "run_date": days.last.isoformat(),
                "holdout_days": policy.evaluation.holdout_days,
                "cutoff": days.cutoff.isoformat(),
                "fresh_since": days.fresh.isoformat() if days.fresh else None,
                "reference": reference,
                "reference_days": by_day,
            },
        )

    return find_or_make(lake, KIND, days.last, inputs_of(days, policy, sources), build)


def _write_tables(
    spark: SparkSession, lake: Lake, sources: Sources, staged: str, days: Periods, policy: Policy
) -> tuple[dict[str, dict[str, int]], tuple[Histograms, dict[str, Histograms]]]:
    """Write the training set's tables below `staged`.

    Returns
    -------
    The rows of each file by table, and the reference histograms, whole and by day.
    """
    events, items, users = (sources.read(spark, lake, table, schema) for table, schema in SCHEMAS.items())
    written = {}
    with training_frames(events, items, users, days, policy, sources.whole, sources.size) as training:
        for name, table in training.tables.items():
            with step(logger, f"writing {name}"):
                written[name] = write_parquet(lake, table, f"{staged}/{name}")
        with step(logger, "counting the reference histograms"):
            found = training.histograms.collect()
    rows = [(row[c.INGEST_DATE], row["name"], row["value"], row["count"]) for row in found]
    whole = histograms(rows)
    return written, (whole, histograms_by_day(rows, whole))
