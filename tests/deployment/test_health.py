"""The containers' health check, against a server that answers like Airflow's."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from devstack.ports import free_port
from include.settings import PROJECT

BODY = json.dumps({"scheduler": {"status": "healthy"}, "triggerer": {"status": None}}).encode()


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 503)
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def check(*arguments: str) -> int:
    return subprocess.run([sys.executable, PROJECT / "deploy" / "health.py", *arguments]).returncode


def test_it_tells_the_healthy_from_the_rest(address: str) -> None:
    assert check(f"{address}/health") == 0
    assert check(f"{address}/health", "scheduler") == 0
    assert check(f"{address}/health", "triggerer") == 1
    assert check(f"{address}/health", "dag_processor") == 1
    assert check(f"{address}/broken") == 1
    assert check(f"http://127.0.0.1:{free_port()}/health") == 1
