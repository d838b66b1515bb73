"""What the DAGs use besides operators: schedule, assets, macros, notifications, the runbook's pages.

The only part of `include` that imports Airflow. Every parse of the DAGs imports it, so it imports nothing heavy.
"""

from include.list_kinds import LIST_KINDS
from include.orchestration.assets import LAKE_POOL, LAKE_POOL_SLOTS, LIVE_BATCH, lake_tables
from include.orchestration.deadline import shelf_deadline
from include.orchestration.notify import tell_on_call
from include.orchestration.report_mail import mail_report
from include.orchestration.runbook import document
from include.orchestration.schedule import BY_HAND, DEFAULT_ARGS, EVERY_DAG, QUESTION, nightly_schedule, shop_zone
from include.orchestration.templates import (
    MACROS,
    day_runs,
    first_of_days,
    numbered,
    only_if_approved,
    optional_day,
    unless_running,
)

EXPORTED_LISTS = list(LIST_KINDS)

__all__ = [
    "BY_HAND",
    "DEFAULT_ARGS",
    "EVERY_DAG",
    "EXPORTED_LISTS",
    "LAKE_POOL",
    "LAKE_POOL_SLOTS",
    "LIVE_BATCH",
    "MACROS",
    "QUESTION",
    "day_runs",
    "document",
    "first_of_days",
    "lake_tables",
    "mail_report",
    "nightly_schedule",
    "numbered",
    "only_if_approved",
    "optional_day",
    "shelf_deadline",
    "shop_zone",
    "tell_on_call",
    "unless_running",
]
