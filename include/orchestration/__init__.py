"""What the DAGs use besides operators: schedule, assets, macros, notifications, the runbook's pages.

The only part of `include` that imports Airflow. Every parse of the DAGs imports it, so it imports nothing heavy.
"""

from include.orchestration.assets import LAKE_POOL, LAKE_POOL_SLOTS, LIVE_BATCH, lake_tables
from include.orchestration.deadline import shelf_deadline
from include.orchestration.runbook import document
from include.orchestration.schedule import DEFAULT_ARGS, nightly_schedule
from include.orchestration.templates import MACROS, only_if_approved, optional_day

__all__ = [
    "DEFAULT_ARGS",
    "LAKE_POOL",
    "LAKE_POOL_SLOTS",
    "LIVE_BATCH",
    "MACROS",
    "document",
    "lake_tables",
    "nightly_schedule",
    "only_if_approved",
    "optional_day",
    "shelf_deadline",
]
