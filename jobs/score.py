"""Score everyone: the top N of every user in the training set, with reasons, as one batch in the lake.

    python -m jobs.score --date 2011-12-09 --training-set training_sets/2011-12-09-0123456789ab

The model is the champion as of the run date; without one, everybody gets what is popular in
their segment. The batch's name carries a fingerprint of all that it is made from; when it is
committed and complete, it is reused. The result is {"batch": ..., "batch_id": ..., "users": ...,
"checksum": ..., "shortfall": users whose list is not full, "causes": users by what kept it short}.
"""

from __future__ import annotations

import argparse
import datetime as dt
import logging
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from include import columns as c
from include.contract import load_policy
from include.errors import ConfigurationError, LakeError
from include.features import TrainingSet, load_training_set
from include.lake import (
    Artifact,
    Lake,
    Manifest,
    commit_folder,
    connect_lake,
    find_complete,
    open_folder,
    open_lake,
    staging_folder,
)
from include.lake.manifest import fingerprint
from include.log import step
from include.policy import Policy
from include.ranking import Catalogue, UserRows, make_catalogue, make_users, popular_table
from include.serving.database import connect
from include.serving.decisions import Decision, champion_as_of, find_decision
from include.serving.load import combine, table_digest
from include.settings import Settings
from include.spark.session import spark_session
from include.tracking import load_model
from jobs import _command

if TYPE_CHECKING:
    import pyarrow as pa

    from include.ranking.distribute import Written

logger = logging.getLogger("nightshelf.score")

FORMAT = 2  # raise it when equal inputs shall give other lists
ROOT = "batches"
POPULARITY = "popularity"
LISTS, POPULAR = "recommendations", "popular"


@dataclass(frozen=True)
class Source:
    """What a batch is made from; `model_version` is "popularity" when there is no champion."""

    training_set: str
    manifest: Manifest
    model_version: str
    decision: Decision | None
    policy: Policy

    @property
    def fingerprint(self) -> str:
        return fingerprint(
            {
                "format": FORMAT,
                "training_set": self.training_set,
                "manifest": self.manifest.fingerprint,
                "model_version": self.model_version,
                "ranking": self.policy.ranking.fingerprint(),
                "popularity_weight": self.policy.model.popularity_weight,
                "variant": self.policy.publish.variant,
            }
        )


def arguments() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = _command.parser(__doc__)
    _command.add_date(parser)
    parser.add_argument("--training-set", required=True, help="folder in the lake")
    return parser


def run(settings: Settings, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the committed batch of the run date, made now unless it is there."""
    lake = open_lake(settings.lake_uri)
    source = find_source(settings, lake, arguments.date, arguments.training_set.rstrip("/"))
    batch_id = f"{arguments.date}-{source.fingerprint}"
    folder = f"{ROOT}/{batch_id}"
    manifest = find_complete(lake, folder) or make(settings, lake, folder, source)
    return {
        "batch": folder,
        "batch_id": batch_id,
        "users": manifest.counts["users"],
        "checksum": manifest.details["checksum"],
        "shortfall": manifest.details["shortfall"],
        "causes": manifest.details["shortfall_causes"],
    }


def find_source(settings: Settings, lake: Lake, run_date: dt.date, training_set: str) -> Source:
    """Return the training set, the champion and the policy of the run date.

    Raises
    ------
    ConfigurationError
        When the training set is another night's.
    """
    manifest = open_folder(lake, training_set)
    if manifest.details["run_date"] != run_date.isoformat():
        raise ConfigurationError(
            f"{training_set} is of the run date {manifest.details['run_date']}, not of {run_date}",
            remedy="give --date and --training-set of the same night",
        )
    policy = load_policy(settings)
    with connect(settings.database_url, "score") as connection:
        version = champion_as_of(connection, policy.publish.variant, run_date)
        decision = find_decision(connection, policy.publish.variant, run_date)
    logger.info("serving model version %s", version or f"{POPULARITY}: there is no champion")
    return Source(training_set, manifest, version or POPULARITY, decision, policy)


def make(settings: Settings, lake: Lake, folder: str, source: Source) -> Manifest:
    """Make the batch in staging and commit it."""
    with step(logger, f"reading {source.training_set}"):
        training_set = load_training_set(Artifact(lake, source.training_set, source.manifest))
    served = source.model_version != POPULARITY
    model = load_model(settings, source.model_version, "serving") if served else None
    catalogue = make_catalogue(training_set, model, source.policy)
    staged = staging_folder(ROOT)
    try:
        written = score_everyone(settings, lake, staged, catalogue, make_users(training_set, model, source.policy))
        tables = {
            POPULAR: popular_table(catalogue, source.policy.ranking.fallback_items),
            c.ITEMS: items_table(training_set),
        }
        files = [f"{LISTS}/{name}" for name in written.files]
        files += [write_table(lake, staged, name, table) for name, table in tables.items()]
        return commit_folder(
            lake,
            staged,
            folder,
            fingerprint=source.fingerprint,
            counts=written.counts,
            inputs={source.training_set: source.manifest.fingerprint, "model": source.model_version},
            details=describe(source, training_set, written),
            files=files,
        )
    finally:
        lake.delete(staged)


def describe(source: Source, training_set: TrainingSet, written: Written) -> dict[str, Any]:
    """Return what the batch's manifest says of it."""
    return {
        "run_date": training_set.run_date.isoformat(),
        "model_version": source.model_version,
        "variant": source.policy.publish.variant,
        "top_n": source.policy.ranking.top_n,
        "checksum": combine([written.digest]),
        "training_set": source.training_set,
        "metrics": headline_metrics(source.decision, source.model_version),
        "shortfall": written.counts["shortfall"],
        "shortfall_causes": written.causes,
    }


def score_everyone(settings: Settings, lake: Lake, staged: str, catalogue: Catalogue, users: UserRows) -> Written:
    """Write the lists on Spark, in the order of the users, and check that everyone is there once.

    Raises
    ------
    LakeError
        When the files hold more or fewer users than were scored.
    """
    import pyarrow.parquet as pq
    from pyarrow.fs import LocalFileSystem

    from include.ranking.distribute import Target, write_lists

    filesystem, root = lake.filesystem()
    folder, n_users = f"{root}/{staged}/{LISTS}", len(users.user_ids)
    if isinstance(filesystem, LocalFileSystem):
        filesystem.create_dir(folder)
    target = Target(partial(connect_lake, lake.uri), folder)
    with spark_session("score", settings) as spark, step(logger, f"scoring {n_users} users"):
        written = write_lists(spark, catalogue, users, target, digest_rows)
    there = sum(pq.read_metadata(f"{folder}/{file}", filesystem=filesystem).num_rows for file in written.files)
    if there != n_users:
        raise LakeError(f"{lake.uri_of(staged)} holds {there} users of {n_users}", remedy="clear task score")
    logger.info("%d lists are not full: %s", written.counts["shortfall"], written.causes or "none")
    return written


def digest_rows(rows: pa.RecordBatch) -> int:
    """Return the sum of the digests of some users' rows, as the batch's checksum adds them up."""
    import pyarrow as pa

    return table_digest(pa.Table.from_batches([rows]))


def items_table(training_set: TrainingSet) -> pa.Table:
    """Return the catalogue as the batch carries it."""
    import pyarrow as pa

    categories, prices = training_set.categories, training_set.prices
    return pa.table(
        {
            c.ITEM_ID: pa.array(training_set.item_ids.tolist(), pa.string()),
            c.TITLE: pa.array(training_set.titles.tolist(), pa.string()),
            c.CATEGORY: pa.array(categories.tolist(), pa.string(), mask=categories == ""),
            c.PRICE: pa.array(prices, pa.float64(), mask=np.isnan(prices)),
            c.IN_STOCK: pa.array(training_set.in_stock),
        }
    )


def write_table(lake: Lake, staged: str, name: str, table: pa.Table) -> str:
    """Write a small table as one Parquet file below `staged` and return its path there."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    lake.write_bytes(f"{staged}/{name}/part.parquet", sink.getvalue().to_pybytes())
    return f"{name}/part.parquet"


def headline_metrics(decision: Decision | None, version: str) -> dict[str, Any]:
    """Return what the night's evaluation says of the model that serves, beside popularity."""
    metrics = decision.metrics if decision else {}
    served = "challenger" if decision and decision.model_version == version else "incumbent"
    known = {"k": metrics.get("k"), "model": metrics.get(served), POPULARITY: metrics.get(POPULARITY)}
    return {name: value for name, value in known.items() if value is not None}


if __name__ == "__main__":
    sys.exit(_command.main(arguments().parse_args, run))
