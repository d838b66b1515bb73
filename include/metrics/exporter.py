"""Serves the metrics to Prometheus: `python -m include.metrics.exporter [PORT [ADDRESS]]`, until SIGTERM.

`/metrics` asks the databases anew each time; `/health` only says that the process answers.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from include.log import configure
from include.metrics.records import exposition
from include.settings import Settings, load_settings

logger = logging.getLogger("nightshelf.exporter")

PORT, ANYWHERE = "9105", "0.0.0.0"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Handler(BaseHTTPRequestHandler):
    """Answers the two addresses; `settings` is set on a subclass by `serve`."""

    settings: Settings

    def do_GET(self) -> None:
        """Answer one request."""
        if self.path == "/metrics":
            self._answer(HTTPStatus.OK, exposition(self.settings))
        elif self.path == "/health":
            self._answer(HTTPStatus.OK, "ok\n")
        else:
            self._answer(HTTPStatus.NOT_FOUND, "/metrics or /health\n")

    def _answer(self, status: HTTPStatus, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Requests come four times a minute and are not worth a line."""
        logger.debug(format, *args)


def serve(settings: Settings, host: str, port: int) -> ThreadingHTTPServer:
    """Return a server that listens; the caller lets it answer."""
    return ThreadingHTTPServer((host, port), type("Bound", (Handler,), {"settings": settings}))


def main(port: str = PORT, address: str = ANYWHERE) -> None:
    """Serve until SIGTERM or SIGINT."""
    configure()
    server = serve(load_settings(), address, int(port))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    logger.info("metrics on %s:%s", address, port)
    server.serve_forever()
    server.server_close()


if __name__ == "__main__":
    main(*sys.argv[1:])
