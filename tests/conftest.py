"""What tests share: one Spark for the session, a fresh lake for each test."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from include.lake import Lake, open_lake
from include.settings import Settings, load_settings
from tests.databases import Database, fresh_copy, running_server
from tests.mlflow_stores import copy_tables, make_tables
from tests.s3_servers import s3_in_environment

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# PySpark takes a main module without a file for its own doctests and ends the process; a parallel worker has none.
if not hasattr(sys.modules["__main__"], "__file__"):
    sys.modules["__main__"].__file__ = __file__
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

INTERPRETED = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
}


def pytest_configure(config: pytest.Config) -> None:
    """Keep the compiled ranking kernel from run to run."""
    if (cache := getattr(config, "cache", None)) is not None:  # absent with -p no:cacheprovider
        os.environ.setdefault("NUMBA_CACHE_DIR", str(cache.mkdir("kernel")))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the nights first: at the end each would keep one worker busy for minutes and the other idle."""
    items.sort(key=lambda item: item.get_closest_marker("night") is None)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of an installation in the test's own folder, with a small local Spark."""
    return load_settings({"NIGHTSHELF_HOME": str(tmp_path), "SPARK_MASTER": "local[2]"})


@pytest.fixture
def lake(settings: Settings) -> Lake:
    return open_lake(settings.lake_uri)


@pytest.fixture
def landing(settings: Settings) -> Lake:
    return open_lake(settings.landing_uri)


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A Spark that interprets its plans, which for a few rows takes half as long as compiling them; jobs compile."""
    from include.spark import session

    home = tmp_path_factory.mktemp("spark")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in INTERPRETED.items():
            patch.setitem(session.OPTIONS, name, value)
        settings = load_settings({"NIGHTSHELF_HOME": str(home), "SPARK_MASTER": "local[2]"})
        with session.spark_session("tests", settings) as spark:
            yield spark


@pytest.fixture(scope="session")
def postgres() -> Iterator[Database]:
    """A real server with the schema `reco`, empty; ask for `database` to write something."""
    with running_server() as database:
        yield database


@pytest.fixture
def database(postgres: Database) -> Iterator[Database]:
    """A database of the test's own with the schema `reco`, empty."""
    with fresh_copy(postgres) as copy:
        yield copy


@pytest.fixture(scope="module")
def s3() -> Iterator[dict[str, str]]:
    """An S3 server with an empty bucket; yields the variables that name it, which the environment holds."""
    with s3_in_environment() as variables:
        yield variables


@pytest.fixture(scope="session")
def mlflow_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database with tables and nothing in them, to be copied: making it takes seconds."""
    return make_tables(load_settings({"NIGHTSHELF_HOME": str(tmp_path_factory.mktemp("mlflow"))}))


@pytest.fixture
def tracked(settings: Settings, mlflow_tables: Path) -> Settings:
    """`settings` whose MLflow store is ready and empty."""
    return copy_tables(mlflow_tables, settings)
