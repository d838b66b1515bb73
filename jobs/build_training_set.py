"""Build the training set of one run date from the lake's committed days.

Reads events of the policy's window and the latest rows of items and users, all delivered up
to and with the run date. The folder's name carries a fingerprint of everything that it is made
from; when it is committed and complete, it is reused.
"""

from __future__ import annotations

import argparse
import datetime as dt
import logging
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from include import columns as c
from include.contract import load_policy
from include.drift_policy import load_drift_policy
from include.errors import MissingArtifactError, ValidationError
from include.lake import Lake, Manifest, commit_folder, find_complete, open_lake, partition_uris, staging_folder
from include.lake import manifest as manifests
from include.log import step
from include.policy import Policy
from include.settings import Settings
from include.spark.files import read_parquet, write_parquet
from include.spark.session import spark_session
from jobs._command import Result, add_date, main, parser

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from include.features.interactions import Periods
    from include.features.reference import Histograms

logger = logging.getLogger("nightshelf.build_training_set")

ROOT = "training_sets"
EARLIEST = dt.date(1900, 1, 1)


def arguments() -> argparse.ArgumentParser:
    """Return the job's command line."""
    command = parser(__doc__)
    add_date(command)
    command.add_argument(
        "--fresh-since",
        type=lambda text: dt.date.fromisoformat(text) if text else None,
        help="what happened before this day weighs less, see retrain.old_weight in drift.yaml; empty: nothing does",
    )
    return command


def run(settings: Settings, options: argparse.Namespace) -> Result:
    """Build or find the training set of `options.date` and return its folder and counts."""
    from include.features.interactions import periods

    lake = open_lake(settings.lake_uri)
    policy = load_policy(settings)
    sources = find_sources(lake, options.date, policy)
    inputs = {name: tag for _, days in sources.values() for name, tag in days.items()}
    fresh, old_weight = options.fresh_since, load_drift_policy(settings.drift_policy_file).retrain.old_weight
    days = periods(options.date, policy, fresh, old_weight if fresh else 1.0)
    name = fingerprint(days, policy, inputs)
    folder = f"{ROOT}/{options.date}-{name}"
    manifest = find_complete(lake, folder)
    if manifest is None:
        uris = {table: uris for table, (uris, _) in sources.items()}
        manifest = build(settings, lake, uris, folder, days=days, policy=policy, inputs=inputs)
    return {"training_set": folder, "counts": manifest.counts}


def find_sources(lake: Lake, run_date: dt.date, policy: Policy) -> dict[str, tuple[list[str], dict[str, str]]]:
    """Return, by table, the files to read and the fingerprint of each day they come from.

    Raises
    ------
    MissingArtifactError
        When the run date itself was not ingested.
    """
    since = run_date - dt.timedelta(days=policy.features.window_days - 1)
    sources = {}
    for table, first in ((c.EVENTS, since), (c.ITEMS, EARLIEST), (c.USERS, EARLIEST)):
        uris, days = partition_uris(lake, table, first, run_date)
        if run_date not in days:
            raise MissingArtifactError(
                f"{lake.uri_of(table)} has no committed {c.INGEST_DATE}={run_date}",
                remedy=f"clear task ingest of that night, or run `python -m jobs.ingest --tables {table} "
                f"--date {run_date}`",
            )
        # Not the files' digests: Spark writes equal rows with the encodings of a footer in any order.
        sources[table] = uris, {f"{table}/{day}": manifest.fingerprint for day, manifest in days.items()}
    return sources


def fingerprint(days: Periods, policy: Policy, inputs: Mapping[str, str]) -> str:
    """Return the fingerprint of all that the training set depends on."""
    from include.features.build import FORMAT

    return manifests.fingerprint(
        {
            "format": FORMAT,
            "run_date": days.last,
            **({"fresh": days.fresh, "old_weight": days.old_weight} if days.fresh else {}),
            "features": policy.features.fingerprint(),
            "holdout_days": policy.evaluation.holdout_days,
            "target_events": policy.evaluation.target_events,
            "inputs": dict(inputs),
        }
    )


def build(
    settings: Settings,
    lake: Lake,
    uris: Mapping[str, list[str]],
    folder: str,
    *,
    days: Periods,
    policy: Policy,
    inputs: Mapping[str, str],
) -> Manifest:
    """Make the training set in staging and commit it.

    Raises
    ------
    ValidationError
        When the window holds no event: nothing can be learned, and nothing should be published.
    """
    staged = staging_folder(ROOT)
    try:
        with spark_session("build_training_set", settings) as spark:
            written, (reference, by_day) = write_tables(spark, lake, uris, staged, days, policy)
        counts = {name: sum(rows.values()) for name, rows in written.items()}
        if not counts[c.USERS] or not counts["interactions"]:
            raise ValidationError(
                f"the {policy.features.window_days} days up to {days.last} hold no event of a known user",
                remedy="look at the landing of events and at the quarantine, then clear task ingest",
            )
        return commit_folder(
            lake,
            staged,
            folder,
            fingerprint=folder.rpartition("-")[2],
            counts=counts,
            inputs={**inputs, "policy.features": policy.features.fingerprint()},
            details={
                "run_date": days.last.isoformat(),
                "holdout_days": policy.evaluation.holdout_days,
                "cutoff": days.cutoff.isoformat(),
                "fresh_since": days.fresh.isoformat() if days.fresh else None,
                "reference": reference,
                "reference_days": by_day,
            },
            files=[f"{name}/{file}" for name, rows in written.items() for file in rows],
        )
    finally:
        lake.delete(staged)


def write_tables(
    spark: SparkSession, lake: Lake, uris: Mapping[str, list[str]], staged: str, days: Periods, policy: Policy
) -> tuple[dict[str, dict[str, int]], tuple[Histograms, dict[str, Histograms]]]:
    """Write the training set's tables below `staged`.

    Returns
    -------
    The rows of each file by table, and the reference histograms, whole and by day.
    """
    from include.features.build import training_frames
    from include.features.catalogue import ITEM_SCHEMA, USER_SCHEMA
    from include.features.interactions import EVENT_SCHEMA
    from include.features.reference import histograms, histograms_by_day

    schemas = {c.EVENTS: EVENT_SCHEMA, c.ITEMS: ITEM_SCHEMA, c.USERS: USER_SCHEMA}
    frames = {table: read_parquet(spark, lake, table, uris[table], schema) for table, schema in schemas.items()}
    written = {}
    with training_frames(frames[c.EVENTS], frames[c.ITEMS], frames[c.USERS], days, policy) as training:
        for name, table in training.tables.items():
            with step(logger, f"writing {name}"):
                written[name] = write_parquet(lake, table, f"{staged}/{name}")
        with step(logger, "counting the reference histograms"):
            found = training.histograms.collect()
    rows = [(row[c.INGEST_DATE], row["name"], row["value"], row["count"]) for row in found]
    whole = histograms(rows)
    return written, (whole, histograms_by_day(rows, whole))


if __name__ == "__main__":
    sys.exit(main(arguments().parse_args, run))
