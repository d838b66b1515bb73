"""What Spark's drivers need of Kubernetes' API: it keeps objects, and runs the container of each pod as a process."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import hashlib
import json
import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

WEBSOCKET = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455
FIELDS = {"status.podIP": "127.0.0.1"}


class KubernetesApi(ThreadingHTTPServer):
    """The server, with what was made there.

    Parameters
    ----------
    entrypoint
        Program that gets the arguments of a pod's container.
    folder
        Of what the processes say.
    """

    daemon_threads = True

    def __init__(self, entrypoint: Sequence[str], folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.entrypoint, self.folder = list(entrypoint), folder
        self.objects: dict[str, dict[str, Any]] = {}
        self.made: list[dict[str, Any]] = []
        self.processes: list[subprocess.Popen[bytes]] = []

    def run(self, pod: dict[str, Any]) -> None:
        """Start the pod's container with nothing in its environment but the pod's own."""
        name, container = pod["metadata"]["name"], pod["spec"]["containers"][0]
        fields = {**FIELDS, "metadata.name": name}
        environment = {"PATH": os.environ["PATH"]}
        for one in container["env"]:
            field = one.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath")
            environment[one["name"]] = fields[field] if field else one.get("value", "")
        with (self.folder / f"{name}.log").open("wb") as log:
            command = [*self.entrypoint, *container["args"]]
            self.processes.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
        state = {"running": {"startedAt": pod["metadata"]["creationTimestamp"]}}
        status = {
            "name": container["name"],
            "ready": True,
            "restartCount": 0,
            "image": "",
            "imageID": "",
            "state": state,
        }
        pod["status"] = {"phase": "Running", "podIP": FIELDS["status.podIP"], "containerStatuses": [status]}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: KubernetesApi

    def do_GET(self) -> None:
        """Answer with the objects of a kind; who asks to be told of changes hears none, and asks again by itself."""
        path, _, query = self.path.partition("?")
        if "watch=true" in query:
            self._keep_open()
            return
        found = [made for place, made in self.server.objects.items() if place.startswith(path)]
        self._answer(200, {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": found})

    def do_POST(self) -> None:
        """Keep an object, and run it if it is a pod."""
        made = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        meta = made["metadata"]
        now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        meta.update(uid=meta["name"], resourceVersion="1", creationTimestamp=now)
        self.server.made.append(made)
        self.server.objects[f"{self.path}/{meta['name']}"] = made
        if made["kind"] == "Pod":
            self.server.run(made)
        self._answer(201, made)

    def do_DELETE(self) -> None:
        """Forget the objects of a kind."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        for place in [place for place in self.server.objects if place.startswith(path)]:
            del self.server.objects[place]
        self._answer(200, {"kind": "Status", "apiVersion": "v1", "status": "Success"})

    def _keep_open(self) -> None:
        key = (self.headers["Sec-WebSocket-Key"] + WEBSOCKET).encode()
        self.send_response(101)
        for name, value in (("Upgrade", "websocket"), ("Connection", "Upgrade")):
            self.send_header(name, value)
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key).digest()).decode())
        self.end_headers()
        self.close_connection = True
        with contextlib.suppress(OSError):
            while self.rfile.read(1):
                pass

    def _answer(self, code: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Keep the test's output clean."""


@contextmanager
def running_api(entrypoint: Sequence[str], folder: Path) -> Iterator[KubernetesApi]:
    """Serve meanwhile; afterwards end what pods have started."""
    with KubernetesApi(entrypoint, folder) as api:
        threading.Thread(target=api.serve_forever, daemon=True).start()
        try:
            yield api
        finally:
            for process in api.processes:
                process.terminate()
                process.wait(30)
            api.shutdown()
