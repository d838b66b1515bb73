"""A night's batch: the lists of every user in the training set, by the champion."""

from __future__ import annotations

import datetime as dt
import logging
import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from include import columns as c
from include.errors import ConfigurationError, LakeError
from include.evaluation.report import CHALLENGER, metrics_of_champion
from include.features import TrainingSet, load_training_set
from include.lake import Artifact, Content, Lake, connect_lake, find_or_make, open_artifact, write_table
from include.list_kinds import PLACEMENTS, RECOMMENDATIONS
from include.log import step
from include.model import Recommender
from include.night.lists import Night, WrittenKind, write_kinds
from include.policy import Policy
from include.ranking import Catalogue, UserSlice, make_catalogue_and_users, popular_table, with_placements
from include.ranking.distribute import Target, Written, write_lists
from include.serving.batch import COUNTS
from include.serving.database import connect
from include.serving.decisions import POPULARITY, Decision, champion_as_of, find_decision
from include.serving.load import combine, table_digest
from include.settings import Settings
from include.spark.session import spark_session
from include.tracking import load_model

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

FORMAT = 5  # raise it when equal inputs shall give other lists
KIND = "batches"
POPULAR = "popular"


@dataclass(frozen=True)
class Source:
    """What a batch is made from; `model_version` is "popularity" when there is no champion."""

    training_set: Artifact
    sales: Artifact | None
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
            "placements": {name: placement.fingerprint() for name, placement in self.policy.placements.items()},
            "lists": self.policy.lists.fingerprint(),
            "sales": self.policy.sales.fingerprint(),
            "counted": self.sales.folder if self.sales else None,
            "variant": self.policy.publish.variant,
        }


def find_source(
    settings: Settings, lake: Lake, run_date: dt.date, folder: str, policy: Policy, sales: str = ""
) -> Source:
    """Return the training set in `folder`, what `count_sales` made of it, and the champion as of the run date.

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
    counted = open_artifact(lake, sales) if sales else None
    if counted is not None and counted.detail("training_set") != training_set.folder:
        raise ConfigurationError(
            f"{sales} was counted for {counted.detail('training_set')}, not for {training_set.folder}",
            remedy="give --training-set and --sales of the same night, or clear count_sales with what follows",
        )
    with connect(settings.database_url, "score") as connection:
        version = champion_as_of(connection, policy.publish.variant, run_date)
        decision = find_decision(connection, policy.publish.variant, run_date)
    logger.info("serving model version %s", version or f"{POPULARITY}: there is no champion")
    return Source(training_set, counted, version or POPULARITY, decision, policy)


def find_or_score(settings: Settings, lake: Lake, run_date: dt.date, source: Source) -> Artifact:
    """Return the batch of the run date, made now unless it is there."""
    policy, folder = source.policy, source.training_set.folder

    def make(staged: str) -> Content:
        with step(logger, f"reading {folder}"):
            training_set = load_training_set(source.training_set)
        served = source.model_version != POPULARITY
        model = load_model(settings, source.model_version, "serving") if served else Recommender.popular()
        catalogue, users = make_catalogue_and_users(training_set, model, policy.ranking)
        catalogue, users = with_placements(catalogue, users, training_set, policy)
        with spark_session("score", settings) as spark:
            written = _score_everyone(spark, lake, staged, catalogue, users)
            files = [f"{RECOMMENDATIONS}/{name}" for name in written.files]
            placements = _written_placements(written)
            own = [*files, *(file for kind in placements.values() for file in kind.files)]
            night = Night(
                run_date,
                policy,
                lake,
                source.training_set,
                source.sales,
                training_set,
                catalogue,
                users,
                spark,
                os.cpu_count() or 1,
                tuple(f"{staged}/{file}" for file in own),
            )
            kinds = placements | write_kinds(night, staged)
        tables = {
            POPULAR: popular_table(catalogue, policy.ranking.fallback_items),
            c.ITEMS: _items_table(training_set),
        }
        files += [file for kind in kinds.values() for file in kind.files]
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
                "checksum": combine([written.digest, *(kind.digest for kind in kinds.values())]),
                COUNTS: {RECOMMENDATIONS: _own_counts(written), **{name: kind.counts for name, kind in kinds.items()}},
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


def _written_placements(written: Written) -> dict[str, WrittenKind]:
    further = written.placements
    if further is None:
        return {}
    counts = {"lists": further.counts["users"], "entries": further.counts["recommendations"]}
    files = tuple(f"{PLACEMENTS}/{file}" for file in further.files)
    counts["full"] = counts["lists"] - further.causes.get("empty", 0)
    return {PLACEMENTS: WrittenKind(files, counts, further.digest)}


def _own_counts(written: Written) -> dict[str, int]:
    """Return what the manifest says of the users' own lists."""
    return {"lists": written.counts["users"], "entries": written.counts["recommendations"]}


def _score_everyone(spark: SparkSession, lake: Lake, staged: str, catalogue: Catalogue, users: UserSlice) -> Written:
    """Write the lists on Spark, in the order of the users, and check that everyone is there once.

    Raises
    ------
    LakeError
        When the files hold more or fewer users than were scored.
    """
    import pyarrow.parquet as pq
    from pyarrow.fs import LocalFileSystem

    filesystem, root = lake.filesystem()
    folder, further = (f"{root}/{staged}/{kind}" for kind in (RECOMMENDATIONS, PLACEMENTS))
    n_users = len(users.user_ids)
    if isinstance(filesystem, LocalFileSystem):
        filesystem.create_dir(folder)
        filesystem.create_dir(further)
    target = Target(partial(connect_lake, lake.uri), folder, further)
    with step(logger, f"scoring {n_users} users"):
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
