"""A night's batch: the lists of every user in the training set, by the champion."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from include import columns as c
from include.errors import ConfigurationError, LakeError
from include.evaluation.report import CHALLENGER, metrics_of_champion
from include.features import TrainingSet, load_training_set
from include.lake import Artifact, Content, Lake, connect_lake, find_or_make, open_artifact, write_table
from include.log import step
from include.policy import Policy
from include.ranking import Catalogue, UserSlice, make_catalogue, make_users, popular_table
from include.ranking.distribute import Target, Written, write_lists
from include.serving.database import connect
from include.serving.decisions import POPULARITY, Decision, champion_as_of, find_decision
from include.serving.load import combine, table_digest
from include.settings import Settings
from include.spark.session import spark_session
from include.tracking import load_model

if TYPE_CHECKING:
    import pyarrow as pa

logger = logging.getLogger(__name__)

FORMAT = 2  # raise it when equal inputs shall give other lists
KIND = "batches"
LISTS, POPULAR = "recommendations", "popular"


@dataclass(frozen=True)
class Source:
    """What a batch is made from; `model_version` is "popularity" when there is no champion."""

    training_set: Artifact
    model_version: str
    decision: Decision | None
    policy: Policy

    @property
    def inputs(self) -> dict[str, object]:
        """All that the batch depends on."""
        return {
            "format": FORMAT,
            "training_set": self.training_set.folder,
            "manifest": self.training_set.manifest.fingerprint,
            "model_version": self.model_version,
            "ranking": self.policy.ranking.fingerprint(),
            "popularity_weight": self.policy.model.popularity_weight,
            "variant": self.policy.publish.variant,
        }


def find_source(settings: Settings, lake: Lake, run_date: dt.date, folder: str, policy: Policy) -> Source:
    """Return the training set in `folder` and the champion as of the run date.

    Raises
    ------
    ConfigurationError
        When the training set is another night's.
    """
    training_set = open_artifact(lake, folder)
    if training_set.run_date != run_date:
        raise ConfigurationError(
            f"{training_set.folder} is of the run date {training_set.run_date}, not of {run_date}",
            remedy="give --date and --training-set of the same night",
        )
    with connect(settings.database_url, "score") as connection:
        version = champion_as_of(connection, policy.publish.variant, run_date)
        decision = find_decision(connection, policy.publish.variant, run_date)
    logger.info("serving model version %s", version or f"{POPULARITY}: there is no champion")
    return Source(training_set, version or POPULARITY, decision, policy)


def find_or_score(settings: Settings, lake: Lake, run_date: dt.date, source: Source) -> Artifact:
    """Return the batch of the run date, made now unless it is there."""
    policy, folder = source.policy, source.training_set.folder

    def make(staged: str) -> Content:
        with step(logger, f"reading {folder}"):
            training_set = load_training_set(source.training_set)
        served = source.model_version != POPULARITY
        model = load_model(settings, source.model_version, "serving") if served else None
        catalogue = make_catalogue(training_set, model, policy)
        written = _score_everyone(settings, lake, staged, catalogue, make_users(training_set, model, policy))
        tables = {
            POPULAR: popular_table(catalogue, policy.ranking.fallback_items),
            c.ITEMS: _items_table(training_set),
        }
        files = [f"{LISTS}/{name}" for name in written.files]
        files += [write_table(lake, staged, name, table) for name, table in tables.items()]
        return Content(
            files=files,
            counts=written.counts,
            inputs={folder: source.training_set.manifest.fingerprint, "model": source.model_version},
            details={
                "run_date": run_date.isoformat(),
                "model_version": source.model_version,
                "variant": policy.publish.variant,
                "top_n": policy.ranking.top_n,
                "checksum": combine([written.digest]),
                "training_set": folder,
                "metrics": headline_metrics(source.decision, source.model_version),
                "shortfall": written.counts["shortfall"],
                "shortfall_causes": written.causes,
            },
        )

    return find_or_make(lake, KIND, run_date, source.inputs, make)


def headline_metrics(decision: Decision | None, version: str) -> dict[str, Any]:
    """Return what the night's evaluation says of the model that serves, beside popularity."""
    if decision is None:
        return {}
    metrics = decision.metrics
    served = metrics.get(CHALLENGER) if decision.model_version == version else metrics_of_champion(metrics)
    known = {"k": metrics.get("k"), "model": served, POPULARITY: metrics.get(POPULARITY)}
    return {name: value for name, value in known.items() if value is not None}


def _score_everyone(settings: Settings, lake: Lake, staged: str, catalogue: Catalogue, users: UserSlice) -> Written:
    """Write the lists on Spark, in the order of the users, and check that everyone is there once.

    Raises
    ------
    LakeError
        When the files hold more or fewer users than were scored.
    """
    import pyarrow.parquet as pq
    from pyarrow.fs import LocalFileSystem

    filesystem, root = lake.filesystem()
    folder, n_users = f"{root}/{staged}/{LISTS}", len(users.user_ids)
    if isinstance(filesystem, LocalFileSystem):
        filesystem.create_dir(folder)
    target = Target(partial(connect_lake, lake.uri), folder)
    with spark_session("score", settings) as spark, step(logger, f"scoring {n_users} users"):
        written = write_lists(spark, catalogue, users, target, table_digest)
    there = sum(pq.read_metadata(f"{folder}/{file}", filesystem=filesystem).num_rows for file in written.files)
    if there != n_users:
        raise LakeError(f"{lake.uri_of(staged)} holds {there} users of {n_users}", remedy="clear task score")
    logger.info("%d lists are not full: %s", written.counts["shortfall"], written.causes or "none")
    return written


def _items_table(training_set: TrainingSet) -> pa.Table:
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
