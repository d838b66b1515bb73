"""Since when a night's deadline is counted."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from airflow.sdk import timezone
from airflow.sdk.definitions.deadline import BaseDeadlineReference

DAY = dt.timedelta(days=1)


class NightBegins(BaseDeadlineReference):
    """When the newest scheduled night was to begin.

    A night that somebody triggers, a backfill, and a night that is caught up while a newer one is due have no deadline:
    readers do not wait for them. Clearing leaves a deadline as it is.
    """

    required_kwargs: ClassVar[set[str]] = {"dag_id", "run_id"}

    def _evaluate_with(self, *, session: Any, dag_id: str, run_id: str) -> dt.datetime | None:
        """Return when the run was to begin; Airflow calls it when it has made the run."""
        from airflow.models import DagRun
        from sqlalchemy import select

        found = select(DagRun.run_type, DagRun.run_after).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)
        run_type, run_after = session.execute(found).one()
        newest = run_type == "scheduled" and run_after + DAY > timezone.utcnow()
        return run_after if newest else None
