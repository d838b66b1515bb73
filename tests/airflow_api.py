"""What tests ask of Airflow beside what the command line does: as people do in the UI."""

from __future__ import annotations

import datetime as dt
from typing import Any

from devstack.rest import AirflowApi


class UserApi(AirflowApi):
    """A client that also fills in forms and answers questions."""

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """Return a DAG's runs, the oldest first."""
        return self._list(f"/dags/{dag_id}/dagRuns", "dag_runs", "dag_run_id", params={"order_by": "run_after"})

    def backfill(self, dag_id: str, first: dt.date, last: dt.date) -> None:
        """Run a DAG for past days, as `airflow backfill create` does."""
        body = {
            "dag_id": dag_id,
            "from_date": f"{first}T00:00:00Z",
            "to_date": f"{last}T23:59:59Z",
            "reprocess_behavior": "failed",
            "max_active_runs": 1,
            "dag_run_conf": {},
        }
        self._order("POST", "/backfills", json=body)

    def is_answered(self, dag_id: str, run_id: str, task_id: str) -> bool:
        """Tell whether the question that a task asks has an answer."""
        return bool(self._get(_question(dag_id, run_id, task_id), "response_received")["response_received"])

    def answer(self, dag_id: str, run_id: str, task_id: str, choice: str) -> None:
        """Answer the question that a task asks."""
        body = {"chosen_options": [choice], "params_input": {}}
        self._order("PATCH", _question(dag_id, run_id, task_id), json=body)


def _question(dag_id: str, run_id: str, task_id: str) -> str:
    return f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/-1/hitlDetails"
