"""The DAG `rollback` as people use it: the form, the approval, the end."""

import itertools
import time

from tests.airflow_api import UserApi
from tests.waiting import eventually

DAG = "rollback"
QUESTION = "approve_rollback"
READING_SECONDS = 3.0
_numbers = itertools.count(1)


class RollbackRun:
    """One run, by Airflow's REST API."""

    def __init__(self, api: UserApi) -> None:
        self._api = api
        self.run_id = f"rollback-{next(_numbers)}"

    def ask(self, reason: str) -> None:
        """Fill the form in and wait for the question."""
        self._api.trigger(DAG, self.run_id, {"batch": "previous", "reason": reason})
        assert eventually(self._is_asked, seconds=120, pause=1), self.states()

    def answer(self, choice: str) -> str:
        """Read the question and answer it, as often as it is asked, and return how the run ended.

        It is asked again when Airflow takes the answer before it has noticed that the task waits for one.
        """

        def ended() -> bool:
            if self._is_asked() and not self._api.is_answered(DAG, self.run_id, QUESTION):
                time.sleep(READING_SECONDS)
                self._api.answer(DAG, self.run_id, QUESTION, choice)
            return self._state() in ("success", "failed")

        assert eventually(ended, seconds=240, pause=1), self.states()
        return self._state()

    def states(self) -> dict[str, str]:
        """Return the state of each task."""
        return {task["task_id"]: task["state"] for task in self._api.tasks(DAG, self.run_id)}

    def _state(self) -> str:
        return str(self._api.run(DAG, self.run_id)["state"])

    def _is_asked(self) -> bool:
        return self.states().get(QUESTION) == "awaiting_input"
