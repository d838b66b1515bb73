"""The client against a server that says what Airflow says; the night test meets the real one."""

import datetime as dt
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from devstack.ports import free_port
from devstack.rest import AirflowApi, ApiError

DAY = dt.date(2011, 12, 8)


class Server(ThreadingHTTPServer):
    """Answers from a table of `METHOD path`; a new token is needed after each `expire()`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, tuple[int, Any]] = {}
        self.asked: list[tuple[str, dict[str, list[str]], Any]] = []
        self.token = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def answer(self) -> None:
        url = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        call = f"{self.command} {url.path}"
        if call == "POST /auth/token":
            self.server.token += 1
            good = body == {"username": "admin", "password": "secret"}
            self.reply(201 if good else 401, {"access_token": str(self.server.token)})
        elif self.headers["Authorization"] != f"Bearer {self.server.token}":
            self.reply(401, {"detail": "expired"})
        else:
            self.server.asked.append((call, parse_qs(url.query), body))
            self.reply(*self.server.answers.get(call, (404, {"detail": "not found"})))

    do_GET = do_POST = do_PATCH = do_PUT = answer  # noqa: N815 - http.server's names

    def reply(self, status: int, body: Any) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: Any) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield found
        found.shutdown()


@pytest.fixture
def api(server: Server) -> AirflowApi:
    return AirflowApi(server.url, "admin", "secret")


def test_it_logs_in_once_and_again_when_the_token_expires(server: Server, api: AirflowApi) -> None:
    server.answers["GET /api/v2/monitor/health"] = 200, {"scheduler": {"status": "healthy"}}
    api.health()
    api.health()
    assert server.token == 1
    server.token += 1
    assert api.health()["scheduler"]["status"] == "healthy"
    assert server.token == 3


def test_a_refusal_says_what_airflow_said(server: Server, api: AirflowApi) -> None:
    server.answers["PATCH /api/v2/dags/nightly"] = 409, {"detail": "no way"}
    with pytest.raises(ApiError, match="refuses PATCH /dags/nightly with 409: no way") as refused:
        api.set_paused("nightly", False)
    assert refused.value.status == 409


def test_a_wrong_password_and_a_dead_server_are_told_apart(server: Server) -> None:
    with pytest.raises(ApiError, match="does not accept the password of admin") as wrong:
        AirflowApi(server.url, "admin", "other").health()
    assert wrong.value.status == 401
    with pytest.raises(ApiError, match=r"does not answer on http://127\.0\.0\.1") as dead:
        AirflowApi(f"http://127.0.0.1:{free_port()}", "admin", "secret").health()
    assert dead.value.status is None


def test_proxies_are_left_alone(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    server.answers["GET /api/v2/monitor/health"] = 200, {}
    assert AirflowApi(server.url, "admin", "secret").health() == {}


def test_a_dag_that_is_unknown_or_stale_is_not_parsed(server: Server, api: AirflowApi) -> None:
    assert not api.dag_is_parsed("nightly")
    server.answers["GET /api/v2/dags/nightly/details"] = 200, {"is_stale": True}
    assert not api.dag_is_parsed("nightly")
    server.answers["GET /api/v2/dags/nightly/details"] = 200, {"is_stale": False}
    assert api.dag_is_parsed("nightly")


def test_a_run_is_looked_for_within_its_day(server: Server, api: AirflowApi) -> None:
    server.answers["GET /api/v2/dags/nightly/dagRuns"] = 200, {"dag_runs": [{"dag_run_id": "x"}]}
    assert api.run_on("nightly", DAY) == {"dag_run_id": "x"}
    _, query, _ = server.asked[-1]
    assert query["logical_date_gte"] == ["2011-12-08T00:00:00+00:00"]
    assert query["logical_date_lt"] == ["2011-12-09T00:00:00+00:00"]


def test_the_schedule_says_when_a_night_is(server: Server, api: AirflowApi) -> None:
    path = "POST /api/v2/backfills/dry_run"
    server.answers[path] = 200, {"backfills": [{"logical_date": "2011-12-08T02:00:00Z"}]}
    assert api.scheduled_on("nightly", DAY) == dt.datetime(2011, 12, 8, 2, tzinfo=dt.UTC)
    server.answers[path] = 200, {"backfills": []}
    with pytest.raises(ApiError, match="nightly has no run on 2011-12-08"):
        api.scheduled_on("nightly", DAY)


def test_clearing_says_no_to_airflows_own_defaults(server: Server, api: AirflowApi) -> None:
    server.answers["POST /api/v2/dags/nightly/clearTaskInstances"] = 200, {}
    api.clear_task("nightly", "run", "publish", downstream=True)
    _, _, body = server.asked[-1]
    assert (body["dry_run"], body["only_failed"], body["include_downstream"]) == (False, False, True)
    assert body["task_ids"] == ["publish"]
