"""The read API on a port of this machine, as a deployment serves it, and a client that keeps its connection."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import uvicorn

from devstack.ports import free_port
from include.api.answers import Database
from include.api.app import make_app
from tests.waiting import eventually


class Answer(NamedTuple):
    """What the API said."""

    status: int
    headers: dict[str, str]
    body: Any


class Client:
    """One connection."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)

    def get(self, path: str, **headers: str) -> Answer:
        """Ask for a path; an underscore in a header's name stands for a hyphen."""
        self._connection.request("GET", path, headers={name.replace("_", "-"): text for name, text in headers.items()})
        response = self._connection.getresponse()
        text = response.read()
        named = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, named, json.loads(text) if text else None)

    def close(self) -> None:
        self._connection.close()


@contextmanager
def serving(url: str, key: str = "") -> Iterator[str]:
    """Serve the database at `url`; give the API's own address."""
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(make_app(Database(url), key), host="127.0.0.1", port=port, log_level="warning")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        if not eventually(lambda: server.started or not thread.is_alive(), seconds=20, pause=0.02):
            raise TimeoutError("the API does not start")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
