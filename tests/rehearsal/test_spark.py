"""The pages of Spark's processes, and a worker that is killed when they show the right job."""

from __future__ import annotations

import io
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from devstack.ports import free_port
from devstack.progress import Display
from include.errors import StackError
from tests.rehearsal.compose import Healthcheck, Service
from tests.rehearsal.container import Container
from tests.rehearsal.spark import Killer, applications, worked_for, workers_alive

SERVICE = Service("spark", ours=True, command=(), environment={}, needs={}, volumes={}, health=None)


def executor(app: str, name: str) -> dict[str, Any]:
    return {"appid": app, "appdesc": {"name": f"nightshelf-{name}"}}


class Page(ThreadingHTTPServer):
    """Answers every address with one page."""

    content: dict[str, Any]


class Handler(BaseHTTPRequestHandler):
    server: Page

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/json/" else 404)
        self.end_headers()
        self.wfile.write(json.dumps(self.server.content).encode())

    def log_message(self, *_: Any) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def page() -> Iterator[Page]:
    with Page(("127.0.0.1", 0), Handler) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield found
        found.shutdown()


class Restarted(Container):
    """A container that only counts its restarts."""

    restarts = 0
    asleep = False

    def restart(self) -> None:
        self.restarts += 1

    def ready(self) -> bool:
        return not self.asleep


def container(port: int, folder: Path) -> Restarted:
    health = Healthcheck((sys.executable, "deploy/health.py", f"http://127.0.0.1:{port}/json/"), 5, 5)
    return Restarted("spark-worker-1", SERVICE, [], {}, health, folder / "log")


def test_pages_are_read(page: Page, tmp_path: Path) -> None:
    page.content = {
        "aliveworkers": 2,
        "completedapps": [{"name": "a", "state": "FINISHED"}],
        "executors": [executor("app-2", "score")],
        "finishedexecutors": [executor("app-1", "ingest"), executor("app-1", "ingest")],
    }
    asked = container(page.server_port, tmp_path)
    assert workers_alive(asked) == 2
    assert applications(asked) == [("a", "FINISHED")]
    assert worked_for(asked) == {"app-1", "app-2"}


def test_one_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"spark-worker-1 does not answer on http://127.0.0.1:\d+. Remedy: read"):
        workers_alive(container(free_port(), tmp_path))


def test_a_worker_is_killed_once_in_each_job(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.rehearsal.spark.SETTLE_SECONDS", 0.0)
    worker, said = container(page.server_port, tmp_path), io.StringIO()
    killer = Killer([worker], ["ingest", "score"], Display(Console(file=said, width=200)))
    for running, restarts, missed in (
        ([], 0, ["ingest", "score"]),
        ([executor("app-1", "build_training_set")], 0, ["ingest", "score"]),
        ([executor("app-2", "score")], 1, ["ingest"]),
        ([executor("app-2", "score")], 1, ["ingest"]),
        ([executor("app-3", "ingest")], 2, []),
    ):
        page.content = {"executors": running}
        killer.look()
        assert (worker.restarts, killer.missed()) == (restarts, missed)
    monkeypatch.setattr("tests.rehearsal.spark.SETTLE_SECONDS", 60.0)
    killer.jobs, page.content = ["later"], {"executors": [executor("app-4", "later")]}
    killer.look()
    assert worker.restarts == 2
    worker.asleep, page.content = True, {}
    killer.jobs = ["other"]
    killer.look()
    assert "spark-worker-1 killed in mid-score" in said.getvalue()
