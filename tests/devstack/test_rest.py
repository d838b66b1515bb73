"""The client against a server that says what Airflow says; the night test meets the real one."""

import datetime as dt
import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from devstack import rest
from devstack.ports import free_port
from devstack.rest import AirflowApi, ApiError
from tests.airflow_api import UserApi

DAY = dt.date(2011, 12, 8)


class Server(ThreadingHTTPServer):
    """Answers from a table of `METHOD path`; a new token is needed after each `expire()`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, tuple[int, Any]] = {}
        self.asked: list[tuple[str, dict[str, list[str]], Any]] = []
        self.token = 0
        self.login: Callable[[int], Any] = lambda token: {"access_token": str(token)}

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
            self.reply(201 if good else 401, self.server.login(self.server.token))
        elif self.headers["Authorization"] != f"Bearer {self.server.token}":
            self.reply(401, {"detail": "expired"})
        else:
            self.server.asked.append((call, parse_qs(url.query), body))
            self.reply(*self.server.answers.get(call, (404, {"detail": "not found"})))

    do_GET = do_POST = do_PATCH = do_PUT = answer  # noqa: N815 - http.server's names

    def reply(self, status: int, body: Any) -> None:
        """Send bytes as they are, anything else as JSON."""
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

    def log_message(self, *_: Any) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as found:
        threading.Thread(target=found.serve_forever, args=(0.01,), daemon=True).start()
        yield found
        found.shutdown()


@pytest.fixture
def api(server: Server) -> UserApi:
    return UserApi(server.url, "admin", "secret")


def test_it_logs_in_once_and_again_when_the_token_expires(server: Server, api: UserApi) -> None:
    server.answers["GET /api/v2/monitor/health"] = 200, {"scheduler": {"status": "healthy"}}
    api.health()
    api.health()
    assert server.token == 1
    server.token += 1
    assert api.health()["scheduler"]["status"] == "healthy"
    assert server.token == 3


def test_a_refusal_says_what_airflow_said(server: Server, api: UserApi) -> None:
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


def test_a_dag_that_is_unknown_or_stale_is_not_parsed(server: Server, api: UserApi) -> None:
    assert not api.dag_is_parsed("nightly")
    server.answers["GET /api/v2/dags/nightly/details"] = 200, {"is_stale": True}
    assert not api.dag_is_parsed("nightly")
    server.answers["GET /api/v2/dags/nightly/details"] = 200, {"is_stale": False}
    assert api.dag_is_parsed("nightly")


def test_a_run_is_looked_for_within_its_day(server: Server, api: UserApi) -> None:
    server.answers["GET /api/v2/dags/nightly/dagRuns"] = 200, {"dag_runs": [{"dag_run_id": "x"}]}
    assert api.run_on("nightly", DAY) == {"dag_run_id": "x"}
    _, query, _ = server.asked[-1]
    assert query["logical_date_gte"] == ["2011-12-08T00:00:00+00:00"]
    assert query["logical_date_lt"] == ["2011-12-09T00:00:00+00:00"]


def test_clearing_says_no_to_airflows_own_defaults(server: Server, api: UserApi) -> None:
    server.answers["POST /api/v2/dags/nightly/clearTaskInstances"] = 200, {}
    api.clear_task("nightly", "run", "publish", downstream=True)
    _, _, body = server.asked[-1]
    assert (body["dry_run"], body["only_failed"], body["include_downstream"]) == (False, False, True)
    assert body["task_ids"] == ["publish"]


HTML = b"<html>It works!</html>"
ODD = [b"", None, [], [1], 7, "word", HTML, b"{", b"\xff\xfe"]
RUNS = "/api/v2/dags/nightly/dagRuns"
READS: dict[str, Callable[[UserApi], object]] = {
    "GET /api/v2/monitor/health": lambda api: api.health(),
    "GET /api/v2/importErrors": lambda api: api.import_errors(),
    "GET /api/v2/dags/nightly/details": lambda api: api.dag("nightly"),
    f"GET {RUNS}": lambda api: api.run_on("nightly", DAY),
    f"GET {RUNS}/x": lambda api: api.run("nightly", "x"),
    f"GET {RUNS}/x/taskInstances/t/-1/hitlDetails": lambda api: api.is_answered("nightly", "x", "t"),
    f"GET {RUNS}/x/taskInstances": lambda api: api.tasks("nightly", "x"),
}
ORDERS: dict[str, Callable[[UserApi], None]] = {
    "PUT /api/v2/parseDagFile/abc": lambda api: api.parse_now("nightly"),
    "PATCH /api/v2/dags/nightly": lambda api: api.set_paused("nightly", True),
    "PATCH /api/v2/pools": lambda api: api.set_pool("spark", 1, ""),
    f"POST {RUNS}/x/clear": lambda api: api.clear_run("nightly", "x"),
    f"PATCH {RUNS}/x/taskInstances/t/-1/hitlDetails": lambda api: api.answer("nightly", "x", "t", "Approve"),
    "POST /api/v2/dags/nightly/clearTaskInstances": lambda api: api.clear_task("nightly", "x", "t", downstream=True),
}


@pytest.mark.parametrize("call", READS)
def test_an_answer_of_another_shape_is_an_error_with_a_name(server: Server, api: UserApi, call: str) -> None:
    for body in ODD:
        server.answers[call] = 200, body
        with pytest.raises(ApiError, match=r"Airflow answers \w+ /\S+ with .*, not with an object") as odd:
            READS[call](api)
        assert odd.value.status == 200


@pytest.mark.parametrize("call", list(READS)[1:])
def test_an_object_without_what_is_read_is_one_too(server: Server, api: UserApi, call: str) -> None:
    for body in ({}, {"other": "s3cret"}):
        server.answers[call] = 200, body
        with pytest.raises(ApiError, match="not with an object with") as odd:
            READS[call](api)
        assert "s3cret" not in str(odd.value)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("GET /api/v2/importErrors", "import_errors"),
        (f"GET {RUNS}", "dag_runs"),
        (f"GET {RUNS}/x/taskInstances", "task_instances"),
    ],
)
def test_a_list_of_something_else_is_one_too(server: Server, api: UserApi, call: str, name: str) -> None:
    for body in (None, {}, [None], [[]], [{}], "word"):
        server.answers[call] = 200, {name: body}
        with pytest.raises(ApiError, match=f"not with a list of objects with .* in {name}"):
            READS[call](api)


@pytest.mark.parametrize("call", ORDERS)
def test_an_order_is_done_whether_airflow_says_nothing_null_or_something(
    server: Server, api: UserApi, call: str
) -> None:
    server.answers["GET /api/v2/dags/nightly/details"] = 200, {"is_stale": False, "file_token": "abc"}
    for body in (b"", None, {}, {"dag_id": "nightly"}):
        server.answers[call] = 201, body
        ORDERS[call](api)
        assert server.asked[-1][0] == call
    for body in ([], 7, HTML, b"{"):
        server.answers[call] = 200, body
        with pytest.raises(ApiError, match="not with an object or nothing"):
            ORDERS[call](api)


def test_a_login_without_a_token_and_refusals_of_any_shape_are_told(server: Server, api: UserApi) -> None:
    for body in ODD:
        server.answers["GET /api/v2/monitor/health"] = 500, body
        with pytest.raises(ApiError, match="refuses GET /monitor/health with 500"):
            api.health()
    for body in [*ODD, {}]:
        server.login = lambda _, body=body: body  # type: ignore[misc]
        with pytest.raises(ApiError, match=r"answers POST /auth/token with .*, not with an object with access_token"):
            AirflowApi(server.url, "admin", "secret").health()


def test_a_server_that_takes_too_long_is_told_with_the_call(
    server: Server, api: UserApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.dag("nightly")
    monkeypatch.setattr(rest, "TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        api.url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ApiError, match=r"does not answer on http://\S+ \(GET /\S+/health: within 0.2 s\)"):
            api.health()
