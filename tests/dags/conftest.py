"""Airflow's home must be chosen before the plugin imports Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import tests.airflow_home  # noqa: F401
from include.settings import PROJECT

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import BundleDagBag


@pytest.fixture(scope="session")
def bag() -> BundleDagBag:
    """All DAGs, parsed once."""
    from airflow.dag_processing.dagbag import BundleDagBag

    dags = PROJECT / "dags"
    return BundleDagBag(str(dags), bundle_path=dags, bundle_name="tests")
