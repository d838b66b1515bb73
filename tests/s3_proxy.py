"""A server on the way to S3 that makes faults: on demand, or at random with a seed."""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.s3_lag import LaggingListings

HOP = {"connection", "transfer-encoding", "keep-alive", "content-length"}
SILENCE_SECONDS = 2.5


class Fault(Enum):
    """What can happen to a request."""

    SLOW_DOWN = "503 instead of an answer; the request is not carried out"
    FORBIDDEN = "403 instead of an answer"
    RESET = "the connection is reset before the request is carried out"
    SILENCE = "no answer for a long time"
    LOST_ANSWER = "the request is carried out, then the connection is reset"
    CUT_OFF = "half of the answer's body, then a reset"
    CUT_OBJECT = "the same, of an object's content only"


class FaultyProxy(ThreadingHTTPServer):
    """Hands requests on to `upstream`, except for the faults that are planned.

    Before each request it calls `on_request` with the method, the target and the client's port.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = urlsplit(upstream).netloc
        self.made = 0
        self._lock = threading.Lock()
        self._planned: deque[Fault] = deque()
        self._random = random.Random(0)
        self._share, self._faults = 0.0, list(Fault)
        self._stays: tuple[Fault, str] | None = None
        self.listings: LaggingListings | None = None
        self.on_request: Callable[[str, str, int], None] = lambda method, target, port: None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def plan(self, *faults: Fault) -> None:
        """Make these faults in the next requests, and none after."""
        with self._lock:
            self._planned, self._share = deque(faults), 0.0

    def at_random(self, share: float, seed: int, faults: Sequence[Fault]) -> None:
        """Make one of `faults` in this share of the requests."""
        with self._lock:
            self._random, self._share, self._faults = random.Random(seed), share, list(faults)

    @contextmanager
    def failing(self, fault: Fault, where: str) -> Iterator[None]:
        """Make this fault in each request whose target has `where` in it."""
        self._stays = fault, where
        try:
            yield
        finally:
            self._stays = None

    @contextmanager
    def lagging(self, seconds: float) -> Iterator[LaggingListings]:
        """Let listings lag behind what is stored from now on."""
        self.listings = LaggingListings(seconds)
        try:
            yield self.listings
        finally:
            self.listings = None

    def next_fault(self, target: str) -> Fault | None:
        """Return what should happen to a request for `target`."""
        if self._stays and self._stays[1] in target:
            return self._stays[0]
        with self._lock:
            fault = None
            if self._planned:
                fault = self._planned.popleft()
            elif self._random.random() < self._share:
                fault = self._random.choice(self._faults)
            self.made += fault is not None
            return fault

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that went away are what this is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultyProxy

    def _serve(self) -> None:
        body = self._body()
        self.server.on_request(self.command, self.path, self.client_address[1])
        fault = self.server.next_fault(self.path)
        if fault is Fault.RESET:
            return self._reset()
        if fault is Fault.SILENCE:
            time.sleep(SILENCE_SECONDS)
            return self._reset()
        if fault in (Fault.SLOW_DOWN, Fault.FORBIDDEN):
            status, code = (503, "SlowDown") if fault is Fault.SLOW_DOWN else (403, "InvalidAccessKeyId")
            answer = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()
            return self._answer(status, [("Content-Type", "application/xml")], answer, len(answer))
        response, content = self._forward(body)
        length = int(response.getheader("Content-Length") or len(content))
        if (listings := self.server.listings) and response.status < 300:
            listings.note(self.command, self.path)
            if listings.is_listing(self.command, self.path):
                content = listings.filter(content)
                length = len(content)
        if fault is Fault.LOST_ANSWER:
            return self._reset()
        is_object = self.command == "GET" and "?" not in self.path
        cut = fault is Fault.CUT_OFF or (fault is Fault.CUT_OBJECT and is_object)
        if cut and len(content) > 1:
            self._answer(response.status, response.getheaders(), content[: len(content) // 2], length)
            return self._reset()
        return self._answer(response.status, response.getheaders(), content, length)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _serve  # noqa: N815 - the base class calls these names

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _forward(self, body: bytes) -> tuple[HTTPResponse, bytes]:
        upstream = HTTPConnection(self.server.upstream, timeout=60)
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in {*HOP, "expect"}:
                upstream.putheader(name, value)
        upstream.putheader("Content-Length", str(len(body)))
        upstream.endheaders(body)
        response = upstream.getresponse()
        content = response.read()
        upstream.close()
        return response, content

    def _answer(self, status: int, headers: Sequence[tuple[str, str]], content: bytes, length: int) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP:
                self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
            self.wfile.flush()

    def _reset(self) -> None:
        """Close with RST rather than FIN."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.shutdown(socket.SHUT_RD)
        self.connection.close()


@contextmanager
def running_proxy(upstream: str) -> Iterator[FaultyProxy]:
    """Start the proxy in front of the server at the address `upstream`."""
    with FaultyProxy(upstream) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        yield proxy
        proxy.shutdown()
