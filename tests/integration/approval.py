"""The DAG `rollback` as people use it: the form, the approval, the end."""

import itertools

from include.embedded.rest import AirflowApi
from tests.integration.waiting import eventually

DAG = "rollback"
QUESTION = "approve_rollback"
_numbers = itertools.count(1)


class RollbackRun:
    """One run, by Airflow's REST API."""

    def __init__(self, api: AirflowApi) -> None:
        self._api = api
        self.run_id = f"rollback-{next(_numbers)}"
        path = f"/dags/{DAG}/dagRuns/{self.run_id}"
        self._question = f"{path}/taskInstances/{QUESTION}/-1/hitlDetails"

    def ask(self, reason: str) -> None:
        """Fill the form in and wait for the question."""
        form = {"dag_run_id": self.run_id, "logical_date": None, "conf": {"batch": "previous", "reason": reason}}
        self._api._call("POST", f"/dags/{DAG}/dagRuns", json=form)
        assert eventually(self._is_asked, seconds=120), self.states()

    def answer(self, choice: str) -> None:
        """Answer the question."""
        self._api._call("PATCH", self._question, json={"chosen_options": [choice], "params_input": {}})

    def end(self) -> str:
        """Return how the run ended."""
        assert eventually(lambda: self._state() in ("success", "failed"), seconds=240), self.states()
        return self._state()

    def states(self) -> dict[str, str]:
        """Return the state of each task."""
        return {task["task_id"]: task["state"] for task in self._api.tasks(DAG, self.run_id)}

    def _state(self) -> str:
        return str(self._api.run(DAG, self.run_id)["state"])

    def _is_asked(self) -> bool:
        # The question can be read a moment before the task waits; an answer in that moment may be overlooked
        return self.states().get(QUESTION) == "awaiting_input"
