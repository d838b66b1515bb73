"""The few calls of Airflow's REST API that the command line needs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import requests

from include.errors import StackError

API = "/api/v2"
TIMEOUT_SECONDS = 20
ONE_DAY = dt.timedelta(days=1)
UNAUTHORIZED, NOT_FOUND = 401, 404


class ApiError(StackError):
    """Airflow does not answer, or refuses."""

    def __init__(self, problem: str, *, remedy: str, status: int | None = None) -> None:
        super().__init__(problem, remedy=remedy)
        self.status = status


class AirflowApi:
    """A client that logs in when it must.

    Parameters
    ----------
    url
        Without the path, for instance http://127.0.0.1:8080.
    """

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url
        self._login = {"username": user, "password": password}
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy has no business between us and 127.0.0.1

    def health(self) -> dict[str, Any]:
        """Return the state of each component."""
        return self._call("GET", "/monitor/health")

    def import_errors(self) -> dict[str, str]:
        """Return the traceback of each DAG file that cannot be imported."""
        return {
            error["filename"]: error["stack_trace"] for error in self._call("GET", "/importErrors")["import_errors"]
        }

    def dag(self, dag_id: str) -> dict[str, Any] | None:
        """Return a DAG's details; None when it is not known."""
        try:
            return self._call("GET", f"/dags/{dag_id}/details")
        except ApiError as error:
            if error.status == NOT_FOUND:
                return None
            raise

    def dag_is_parsed(self, dag_id: str) -> bool:
        """Tell whether a DAG is known and current."""
        dag = self.dag(dag_id)
        return dag is not None and not dag["is_stale"]

    def parse_now(self, dag_id: str) -> None:
        """Ask for a DAG's file to be parsed before others."""
        dag = self.dag(dag_id)
        if dag is not None:
            self._call("PUT", f"/parseDagFile/{dag['file_token']}")

    def set_paused(self, dag_id: str, paused: bool) -> None:
        """Let the scheduler run a DAG, or not."""
        self._call("PATCH", f"/dags/{dag_id}", json={"is_paused": paused})

    def set_pool(self, name: str, slots: int, description: str) -> None:
        """Make a pool, or give it this size."""
        pool = {"name": name, "slots": slots, "description": description, "include_deferred": False}
        action = {"action": "create", "entities": [pool], "action_on_existence": "overwrite"}
        self._call("PATCH", "/pools", json={"actions": [action]})

    def scheduled_on(self, dag_id: str, day: dt.date) -> dt.datetime:
        """Return the logical date that the DAG's own schedule has on `day` (UTC), for a run that is not there yet.

        Raises
        ------
        ApiError
            When it has none.
        """
        start = dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)
        question = {
            "dag_id": dag_id,
            "from_date": start.isoformat(),
            "to_date": (start + ONE_DAY - dt.timedelta(microseconds=1)).isoformat(),
            "reprocess_behavior": "completed",
        }
        found = self._call("POST", "/backfills/dry_run", json=question)["backfills"]
        if not found:
            raise ApiError(f"{dag_id} has no run on {day}", remedy="choose a day that is over")
        return dt.datetime.fromisoformat(found[0]["logical_date"])

    def run_on(self, dag_id: str, day: dt.date) -> dict[str, Any] | None:
        """Return the DAG's run with a logical date on that day (UTC)."""
        start = dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)
        only = {"logical_date_gte": start.isoformat(), "logical_date_lt": (start + ONE_DAY).isoformat()}
        runs: Sequence[dict[str, Any]] = self._call("GET", f"/dags/{dag_id}/dagRuns", params=only)["dag_runs"]
        return runs[0] if runs else None

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """Return one run."""
        return self._call("GET", f"/dags/{dag_id}/dagRuns/{run_id}")

    def create_run(self, dag_id: str, run_id: str, start: dt.datetime, end: dt.datetime) -> dict[str, Any]:
        """Queue a run of the interval from `start` to `end`."""
        body = {
            "dag_run_id": run_id,
            "logical_date": start.isoformat(),
            "data_interval_start": start.isoformat(),
            "data_interval_end": end.isoformat(),
        }
        return self._call("POST", f"/dags/{dag_id}/dagRuns", json=body)

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """Return a DAG's runs, the oldest first."""
        return list(self._call("GET", f"/dags/{dag_id}/dagRuns", params={"order_by": "run_after"})["dag_runs"])

    def trigger(self, dag_id: str, run_id: str, form: Mapping[str, Any]) -> dict[str, Any]:
        """Queue a run without an interval, as by the DAG's form in the UI."""
        body = {"dag_run_id": run_id, "logical_date": None, "conf": dict(form)}
        return self._call("POST", f"/dags/{dag_id}/dagRuns", json=body)

    def clear_run(self, dag_id: str, run_id: str) -> None:
        """Have all tasks of a run done again."""
        self._call("POST", f"/dags/{dag_id}/dagRuns/{run_id}/clear", json={"dry_run": False, "only_failed": False})

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
        self._call("POST", f"/dags/{dag_id}/clearTaskInstances", json=body)

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the task instances of a run."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        return list(self._call("GET", path, params={"limit": 100})["task_instances"])

    def result(self, dag_id: str, run_id: str, task_id: str) -> Any:
        """Return what a task returned."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/return_value"
        return self._call("GET", path, params={"deserialize": "false"})["value"]

    def _call(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        if "Authorization" not in self._session.headers:
            self._log_in()
        answer = self._send(method, API + path, **arguments)
        if answer.status_code == UNAUTHORIZED:
            self._log_in()
            answer = self._send(method, API + path, **arguments)
        if not answer.ok:
            raise ApiError(
                f"Airflow refuses {method} {path} with {answer.status_code}: {_detail(answer)}",
                remedy="read logs/api-server.log in the home",
                status=answer.status_code,
            )
        return dict(answer.json()) if answer.content else {}

    def _log_in(self) -> None:
        answer = self._send("POST", "/auth/token", json=self._login)
        if not answer.ok:
            raise ApiError(
                f"Airflow does not accept the password of {self._login['username']} ({answer.status_code})",
                remedy="run make down, then make up",
                status=answer.status_code,
            )
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def _send(self, method: str, path: str, **arguments: Any) -> requests.Response:
        try:
            return self._session.request(method, self.url + path, timeout=TIMEOUT_SECONDS, **arguments)
        except requests.RequestException as error:
            raise ApiError(
                f"Airflow does not answer on {self.url} ({type(error).__name__})",
                remedy="run make status to see what runs, make up to start it",
            ) from error


def _detail(answer: requests.Response) -> str:
    try:
        body: Mapping[str, Any] = answer.json()
    except ValueError:
        return answer.text[:200]
    return str(body.get("detail", body))[:300]
