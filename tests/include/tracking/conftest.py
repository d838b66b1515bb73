from pathlib import Path

import pytest

from include.settings import Settings, load_settings
from tests.mlflow_stores import copy_tables, init_store


@pytest.fixture(scope="package")
def store(tmp_path_factory: pytest.TempPathFactory, mlflow_tables: Path) -> Settings:
    """Settings of a store on SQLite with its artifacts beside it, shared by the tests of tracking."""
    settings = load_settings({"NIGHTSHELF_HOME": str(tmp_path_factory.mktemp("store"))})
    copy_tables(mlflow_tables, settings)
    init_store(settings)
    return settings
