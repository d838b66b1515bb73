"""Serves the metrics to Prometheus: `python -m include.metrics.exporter [PORT [ADDRESS]]`, until SIGTERM.

`/metrics` queries the databases each time; `/health` only says that the process answers.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, make_wsgi_app, start_http_server

from include.log import configure
from include.metrics.records import Records
from include.settings import Settings, load_settings

logger = logging.getLogger("nightshelf.exporter")

PORT, ANYWHERE = "9105", "0.0.0.0"


def serve(settings: Settings, host: str, port: int) -> WSGIServer:
    """Return a server that answers, in threads of its own, until its `shutdown`."""
    registry = CollectorRegistry()
    registry.register(Records(settings))
    metrics = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/metrics":
            return metrics(environ, start_response)  # type: ignore[no-any-return]
        healthy = environ["PATH_INFO"] == "/health"
        status, text = (HTTPStatus.OK, "ok\n") if healthy else (HTTPStatus.NOT_FOUND, "/metrics or /health\n")
        start_response(f"{status.value} {status.phrase}", [("Content-Type", "text/plain; charset=utf-8")])
        return [text.encode()]

    server, _ = start_http_server(port, host, registry)
    server.set_app(answer)
    return server


def main(port: str = PORT, address: str = ANYWHERE) -> None:
    """Serve until SIGTERM or SIGINT."""
    configure()
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    server = serve(load_settings(), address, int(port))
    logger.info("metrics on %s:%s", address, port)
    stopped.wait()
    server.shutdown()
    server.server_close()


if __name__ == "__main__":
    main(*sys.argv[1:])
