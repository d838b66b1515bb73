"""What the DAGs are made of besides operators: when, with which words, announcing what.

The only part of `include` that imports Airflow. It is imported at every parse of the DAGs,
so it imports nothing heavier than the settings.
"""

from include.orchestration.assets import LAKE_POOL, LAKE_POOL_SLOTS, LIVE_BATCH, lake_tables
from include.orchestration.deadline import shelf_deadline
from include.orchestration.runbook import step
from include.orchestration.schedule import DEFAULT_ARGS, nightly_schedule
from include.orchestration.templates import (
    MACROS,
    RUN_DATE,
    WATCHED_DAY,
    answer_of,
    answerer_of,
    only_if_approved,
    result_of,
    states_of,
    triggered_run,
)

__all__ = [
    "DEFAULT_ARGS",
    "LAKE_POOL",
    "LAKE_POOL_SLOTS",
    "LIVE_BATCH",
    "MACROS",
    "RUN_DATE",
    "WATCHED_DAY",
    "answer_of",
    "answerer_of",
    "lake_tables",
    "nightly_schedule",
    "only_if_approved",
    "result_of",
    "shelf_deadline",
    "states_of",
    "step",
    "triggered_run",
]
