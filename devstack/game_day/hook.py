"""A web server that takes the messages to on-call, each with the time at which it came."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from devstack.ports import LOCALHOST


class OnCall(ThreadingHTTPServer):
    """What came: seconds of the monotonic clock, and the message's text."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__((LOCALHOST, 0), _Hook)
        self.told: list[tuple[float, str]] = []

    @property
    def url(self) -> str:
        """Return what NIGHTSHELF_SLACK_WEBHOOK is set to."""
        return f"http://{LOCALHOST}:{self.server_port}/on-call"

    def find(self, since: float, task_id: str) -> tuple[float, str] | None:
        """Return the first message about a task since a moment."""
        return next((told for told in self.told if told[0] >= since and f" {task_id} of " in told[1]), None)


class _Hook(BaseHTTPRequestHandler):
    server: OnCall

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.told.append((time.monotonic(), str(body["text"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the report does."""


@contextmanager
def on_call() -> Iterator[OnCall]:
    """Listen on a free port until the end of the `with`."""
    with OnCall() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
