"""Airflow's home must be chosen before the plugin imports Airflow."""

import tests.airflow_home  # noqa: F401
