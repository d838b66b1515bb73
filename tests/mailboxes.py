"""A mail server that takes every message, as much of RFC 5321 as one needs: no encryption, no login."""

from __future__ import annotations

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager

from tests.webhooks import running


class Mailbox(socketserver.ThreadingTCPServer):
    received: list[str]

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"


class Smtp(socketserver.StreamRequestHandler):
    server: Mailbox

    def handle(self) -> None:
        self.wfile.write(b"220 test\r\n")
        for line in iter(self.rfile.readline, b""):
            self.server.received.append(line.decode().strip())
            if line.upper().startswith(b"QUIT"):
                self.wfile.write(b"221 bye\r\n")
                return
            if line.upper().startswith(b"DATA"):
                self.wfile.write(b"354 go on\r\n")
                for text in iter(self.rfile.readline, b".\r\n"):
                    self.server.received.append(text.decode().strip())
            self.wfile.write(b"250 ok\r\n")


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """Run one on a free port until the end of the `with`."""
    with running(Mailbox(("127.0.0.1", 0), Smtp)) as server:
        yield server
