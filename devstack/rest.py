"""The few calls of Airflow's REST API that the command line needs.

Every call says what it expects: an object with the keys that its caller reads, or no answer
that matters. Anything else is an `ApiError` that names the call and shows what came.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

import requests

from include.errors import StackError

API = "/api/v2"
TIMEOUT_SECONDS = 20
ONE_DAY = dt.timedelta(days=1)
UNAUTHORIZED, NOT_FOUND = 401, 404
SHOWN = 200  # characters of an answer, in an error


class ApiError(StackError):
    """Airflow does not answer, refuses, or answers something else than was expected.

    Attributes
    ----------
    status
        The answer's HTTP status; None when there was no answer.
    """

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

    # What is asked

    def health(self) -> dict[str, Any]:
        """Return the state of each component."""
        return self._get("/monitor/health")

    def import_errors(self) -> dict[str, str]:
        """Return the traceback of each DAG file that cannot be imported."""
        errors = self._list("/importErrors", "import_errors", "filename", "stack_trace")
        return {error["filename"]: error["stack_trace"] for error in errors}

    def dag(self, dag_id: str, *keys: str) -> dict[str, Any] | None:
        """Return a DAG's details, `keys` among them; None when it is not known."""
        try:
            return self._get(f"/dags/{dag_id}/details", "is_stale", *keys)
        except ApiError as error:
            if error.status == NOT_FOUND:
                return None
            raise

    def dag_is_parsed(self, dag_id: str) -> bool:
        """Tell whether a DAG is known and current."""
        dag = self.dag(dag_id)
        return dag is not None and not dag["is_stale"]

    def run_on(self, dag_id: str, day: dt.date, zone: dt.tzinfo = dt.UTC) -> dict[str, Any] | None:
        """Return the DAG's run with a logical date on that day of a time zone."""
        start = dt.datetime.combine(day, dt.time(), tzinfo=zone)
        only = {"logical_date_gte": start.isoformat(), "logical_date_lt": (start + ONE_DAY).isoformat()}
        runs = self._list(f"/dags/{dag_id}/dagRuns", "dag_runs", "dag_run_id", params=only)
        return runs[0] if runs else None

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """Return one run."""
        return self._get(f"/dags/{dag_id}/dagRuns/{run_id}", "state")

    def has_run(self, dag_id: str, run_id: str) -> bool:
        """Tell whether there is a run of that name."""
        try:
            return bool(self.run(dag_id, run_id))
        except ApiError as error:
            if error.status == NOT_FOUND:
                return False
            raise

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the task instances of a run."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        return self._list(path, "task_instances", "task_id", "state", "map_index", params={"limit": 100})

    # What is ordered

    def parse_now(self, dag_id: str) -> None:
        """Ask for a DAG's file to be parsed before others."""
        dag = self.dag(dag_id, "file_token")
        if dag is not None:
            self._order("PUT", f"/parseDagFile/{dag['file_token']}")

    def set_paused(self, dag_id: str, paused: bool) -> None:
        """Let the scheduler run a DAG, or not."""
        self._order("PATCH", f"/dags/{dag_id}", json={"is_paused": paused})

    def set_pool(self, name: str, slots: int, description: str) -> None:
        """Make a pool, or give it this size."""
        pool = {"name": name, "slots": slots, "description": description, "include_deferred": False}
        action = {"action": "create", "entities": [pool], "action_on_existence": "overwrite"}
        self._order("PATCH", "/pools", json={"actions": [action]})

    def trigger(self, dag_id: str, run_id: str, form: Mapping[str, Any]) -> None:
        """Queue a run without an interval, as by the DAG's form."""
        body = {"dag_run_id": run_id, "logical_date": None, "conf": dict(form)}
        self._order("POST", f"/dags/{dag_id}/dagRuns", json=body)

    def clear_task(self, dag_id: str, run_id: str, task_id: str, *, downstream: bool) -> None:
        """Have one task of a run done again, alone or with what follows."""
        self.clear(dag_id, run_id, [task_id], include_downstream=downstream)

    def clear(self, dag_id: str, run_id: str, tasks: Sequence[Any], **options: bool) -> None:
        """Have tasks (`task_id`, or `[task_id, map_index]`) done again, as the UI's form with its `options` does."""
        body = {"dry_run": False, "only_failed": False, "dag_run_id": run_id, "task_ids": list(tasks), **options}
        self._order("POST", f"/dags/{dag_id}/clearTaskInstances", json=body)

    def clear_run(self, dag_id: str, run_id: str) -> None:
        """Have all tasks of a run done again."""
        self._order("POST", f"/dags/{dag_id}/dagRuns/{run_id}/clear", json={"dry_run": False, "only_failed": False})

    # How it is done

    def _get(self, path: str, *keys: str, **arguments: Any) -> dict[str, Any]:
        return self._object("GET", path, *keys, **arguments)

    def _list(self, path: str, name: str, *keys: str, method: str = "GET", **arguments: Any) -> list[dict[str, Any]]:
        """Return the objects in the list `name` of the answer, each of which has `keys`."""
        found = self._object(method, path, name, **arguments)[name]
        if not isinstance(found, list) or not all(_has(entry, keys) for entry in found):
            raise _unexpected(f"{method} {path}", f"a list of objects with {', '.join(keys)} in {name}", found)
        return found

    def _object(self, method: str, path: str, *keys: str, **arguments: Any) -> dict[str, Any]:
        """Return the object that is the answer and has `keys`."""
        return _read_object(self._call(method, path, **arguments), f"{method} {path}", keys)

    def _order(self, method: str, path: str, **arguments: Any) -> None:
        """Have something done whose answer tells nothing more: Airflow sends an object, null or no content."""
        answer = self._call(method, path, **arguments)
        if not answer.content:
            return
        body = _json(answer)
        if body is not None and not isinstance(body, dict):
            raise _unexpected(f"{method} {path}", "an object or nothing", body, answer.status_code)

    def _call(self, method: str, path: str, **arguments: Any) -> requests.Response:
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
        return answer

    def _log_in(self) -> None:
        answer = self._send("POST", "/auth/token", json=self._login)
        if not answer.ok:
            raise ApiError(
                f"Airflow does not accept the password of {self._login['username']} ({answer.status_code})",
                remedy="run make down, then make up",
                status=answer.status_code,
            )
        token = _read_object(answer, "POST /auth/token", ["access_token"])["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def _send(self, method: str, path: str, **arguments: Any) -> requests.Response:
        try:
            return self._session.request(method, self.url + path, timeout=TIMEOUT_SECONDS, **arguments)
        except requests.RequestException as error:
            how = f"within {TIMEOUT_SECONDS} s" if isinstance(error, requests.Timeout) else type(error).__name__
            raise ApiError(
                f"Airflow does not answer on {self.url} ({method} {path}: {how})",
                remedy="run make status to see what runs, make up to start it",
            ) from error


def _json(answer: requests.Response) -> Any:
    """Return the answer's JSON; its text when it is none."""
    try:
        return answer.json()
    except ValueError:
        return answer.text


def _read_object(answer: requests.Response, call: str, keys: Sequence[str]) -> dict[str, Any]:
    body = _json(answer)
    if not _has(body, keys):
        expected = f"an object with {', '.join(keys)}" if keys else "an object"
        raise _unexpected(call, expected, body, answer.status_code)
    return dict(body)


def _has(value: Any, keys: Sequence[str]) -> bool:
    return isinstance(value, dict) and all(key in value for key in keys)


def _unexpected(call: str, expected: str, body: Any, status: int | None = None) -> ApiError:
    return ApiError(
        f"Airflow answers {call} with {_shape(body)}, not with {expected}",
        remedy="read logs/api-server.log in the home, and see whether something else listens on that port",
        status=status,
    )


def _shape(body: Any) -> str:
    """Return what kind of answer came, without values that may be secret."""
    if isinstance(body, dict):
        return f"an object with {', '.join(body) or 'nothing in it'}"
    if isinstance(body, list):
        return f"a list of {len(body)}"
    return f"the text {body[:SHOWN]!r}" if isinstance(body, str) else json.dumps(body)


def _detail(answer: requests.Response) -> str:
    body = _json(answer)
    return str(body.get("detail", body) if isinstance(body, dict) else body)[:SHOWN]
