"""The last lines of a failed task's log: what failed, the value, the remedy, whether clearing helps, the page.

Airflow calls these after it has logged the error itself, with its stack, in the task's own process.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from airflow.sdk import Context

from include.errors import AFTERWARDS, named_error
from include.orchestration.notify import last_line
from include.orchestration.runbook import runbook_url
from include.settings import Settings, load_settings

logger = logging.getLogger(__name__)

NOT_OURS = "read the error above and the task's page"


def say_why(context: Context) -> None:
    """Log why a task has failed for good."""
    for line in last_words(context, load_settings()):
        logger.error("%s", line)


def say_why_again(context: Context) -> None:
    """Log why a try has failed, and that Airflow tries again by itself."""
    for line in last_words(context, load_settings())[:2]:
        logger.warning("%s", line)
    logger.warning("Clearing: not needed, Airflow tries again by itself (this was try %d)", context["ti"].try_number)


def last_words(context: Mapping[str, Any], settings: Settings) -> list[str]:
    """Return what a person needs to know of a failure, one line each."""
    task, raised = context["ti"], context.get("exception")
    error = named_error(raised)
    kind = getattr(error, "kind", "") or type(error or raised).__name__
    problem = f"{kind}: {error.problem}" if error else last_line(raised, settings)
    return [
        f"What failed: {task.task_id} of {task.dag_id}, {problem}",
        f"Remedy: {error.remedy if error else NOT_OURS}",
        f"Clearing: {error.clearing if error else AFTERWARDS}",
        f"Runbook: {runbook_url(task.task_id, settings)}",
    ]
