"""What tests share: one Spark for the session, a fresh lake for each test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from include.lake import Lake, open_lake
from include.settings import Settings, load_settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")


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
    from include.spark import spark_session

    home = tmp_path_factory.mktemp("spark")
    with spark_session("tests", load_settings({"NIGHTSHELF_HOME": str(home), "SPARK_MASTER": "local[2]"})) as session:
        yield session
