"""A night's training set: what it is made from, and how Spark makes it."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import SparkSession

from include import columns as c
from include.errors import MissingArtifactError, ValidationError
from include.features.build import FORMAT, training_frames
from include.features.catalogue import ITEM_SCHEMA, USER_SCHEMA
from include.features.interactions import EVENT_SCHEMA, Periods
from include.features.reference import Histograms, histograms, histograms_by_day
from include.features.training_set import INTERACTIONS
from include.lake import Artifact, Content, Lake, find_or_make, partition_uris
from include.log import step
from include.policy import Policy
from include.settings import Settings
from include.spark.files import read_parquet, write_parquet
from include.spark.session import spark_session

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
        The files to read, by table.
    tags
        The fingerprint of each day they come from, by `<table>/<day>`. Not the files' digests: Spark writes equal rows
        with the encodings of a footer in any order.
    """

    uris: Mapping[str, list[str]]
    tags: Mapping[str, str]


def find_sources(lake: Lake, run_date: dt.date, policy: Policy) -> Sources:
    """Return the events of the policy's window, and all rows of items and users, delivered up to `run_date`.

    Raises
    ------
    MissingArtifactError
        When the run date itself was not ingested.
    """
    since = run_date - dt.timedelta(days=policy.features.window_days - 1)
    uris, tags = {}, {}
    for table, first in ((c.EVENTS, since), (c.ITEMS, EARLIEST), (c.USERS, EARLIEST)):
        uris[table], days = partition_uris(lake, table, first, run_date)
        if run_date not in days:
            raise MissingArtifactError(
                f"{lake.uri_of(table)} has no committed {c.INGEST_DATE}={run_date}",
                remedy=f"clear task ingest of that night, or run `python -m jobs.ingest --tables {table} "
                f"--date {run_date}`",
            )
        tags.update({f"{table}/{day}": manifest.fingerprint for day, manifest in days.items()})
    return Sources(uris, tags)


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
        When the run date itself was not ingested.
    ValidationError
        When the window holds no event: nothing can be learned, and nothing should be published.
    """
    sources = find_sources(lake, days.last, policy)

    def build(staged: str) -> Content:
        with spark_session("build_training_set", settings) as spark:
            written, (reference, by_day) = _write_tables(spark, lake, sources, staged, days, policy)
        counts = {name: sum(rows.values()) for name, rows in written.items()}
        if not counts[c.USERS] or not counts[INTERACTIONS]:
            raise ValidationError(
                f"the {policy.features.window_days} days up to {days.last} hold no event of a known user",
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
    events, items, users = (
        read_parquet(spark, lake, table, sources.uris[table], schema) for table, schema in SCHEMAS.items()
    )
    written = {}
    with training_frames(events, items, users, days, policy) as training:
        for name, table in training.tables.items():
            with step(logger, f"writing {name}"):
                written[name] = write_parquet(lake, table, f"{staged}/{name}")
        with step(logger, "counting the reference histograms"):
            found = training.histograms.collect()
    rows = [(row[c.INGEST_DATE], row["name"], row["value"], row["count"]) for row in found]
    whole = histograms(rows)
    return written, (whole, histograms_by_day(rows, whole))
