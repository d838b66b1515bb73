"""What tests and the rehearsal ask of Airflow beside what the command line does: as people do in the UI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from devstack.rest import AirflowApi


class UserApi(AirflowApi):
    """A client that also fills in forms, clears single tasks and answers questions."""

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """Return a DAG's runs, the oldest first."""
        return self._list(f"/dags/{dag_id}/dagRuns", "dag_runs", "dag_run_id", params={"order_by": "run_after"})

    def trigger(self, dag_id: str, run_id: str, form: Mapping[str, Any]) -> None:
        """Queue a run without an interval, as by the DAG's form."""
        body = {"dag_run_id": run_id, "logical_date": None, "conf": dict(form)}
        self._order("POST", f"/dags/{dag_id}/dagRuns", json=body)

    def clear_task(self, dag_id: str, run_id: str, task_id: str, *, downstream: bool) -> None:
        """Have one task of a run done again, alone or with what follows."""
        body = {
            "dry_run": False,
            "only_failed": False,
            "dag_run_id": run_id,
            "task_ids": [task_id],
            "include_downstream": downstream,
            "reset_dag_runs": True,
        }
        self._order("POST", f"/dags/{dag_id}/clearTaskInstances", json=body)

    def is_answered(self, dag_id: str, run_id: str, task_id: str) -> bool:
        """Tell whether the question that a task asks has an answer."""
        return bool(self._get(_question(dag_id, run_id, task_id), "response_received")["response_received"])

    def answer(self, dag_id: str, run_id: str, task_id: str, choice: str) -> None:
        """Answer the question that a task asks."""
        body = {"chosen_options": [choice], "params_input": {}}
        self._order("PATCH", _question(dag_id, run_id, task_id), json=body)


def _question(dag_id: str, run_id: str, task_id: str) -> str:
    return f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/-1/hitlDetails"
