"""A night's sales tables: what was bought together, what trends, what is due again, by the training set's window."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from include import columns as c
from include.features.interactions import periods
from include.lake import Artifact, Content, Lake, find_or_make, open_artifact
from include.log import step
from include.night.building import find_sources
from include.policy import Policy
from include.sales.build import FORMAT, sales_frames
from include.sales.purchases import SALES_SCHEMA
from include.settings import Settings
from include.spark.files import write_parquet
from include.spark.session import for_data, spark_session

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

logger = logging.getLogger(__name__)

KIND = "sales"


def find_or_count(settings: Settings, lake: Lake, folder: str, policy: Policy) -> Artifact:
    """Return the sales tables that belong to the training set in `folder`, made now unless they are there.

    Raises
    ------
    MissingArtifactError
        When the training set or its day of events is not there.
    """
    training_set = open_artifact(lake, folder)
    days = periods(training_set.run_date, policy)
    sources = find_sources(lake, days.last, policy)
    inputs = {
        "format": FORMAT,
        "training_set": training_set.folder,
        "manifest": training_set.manifest.fingerprint,
        "sales": policy.sales.fingerprint(),
        "window_days": policy.features.window_days,
        "popularity_events": policy.features.popularity_events,
        "events": {name: tag for name, tag in sources.tags.items() if name.startswith(f"{c.EVENTS}/")},
    }

    def make(staged: str) -> Content:
        written = {}
        with spark_session("count_sales", for_data(settings, sources.size)) as spark:
            events = sources.read(spark, lake, c.EVENTS, SALES_SCHEMA)
            users, items = (_read(spark, training_set, name) for name in (c.USERS, c.ITEMS))
            with sales_frames(events, users, items, days, policy) as tables:
                for name, table in tables.items():
                    with step(logger, f"counting {name}"):
                        written[name] = write_parquet(lake, table, f"{staged}/{name}")
        return Content(
            files=[f"{name}/{file}" for name, rows in written.items() for file in rows],
            counts={name: sum(rows.values()) for name, rows in written.items()},
            inputs={training_set.folder: training_set.manifest.fingerprint, "policy.sales": policy.sales.fingerprint()},
            details={"run_date": days.last.isoformat(), "training_set": training_set.folder},
        )

    return find_or_make(lake, KIND, days.last, inputs, make)


def _read(spark: SparkSession, training_set: Artifact, name: str) -> DataFrame:
    return spark.read.parquet(*[training_set.lake.uri_of(path) for path in training_set.paths(name)])
