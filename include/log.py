"""Logging for the command lines: everything to stderr, results alone go to stdout."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
QUIET = ("py4j", "great_expectations", "mlflow", "alembic", "urllib3", "botocore", "numba")


def configure(level: int = logging.INFO) -> None:
    """Send the log to stderr and keep chatty libraries at warnings."""
    logging.basicConfig(level=level, format=FORMAT, datefmt="%H:%M:%S", stream=sys.stderr, force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


@contextmanager
def step(logger: logging.Logger, what: str) -> Iterator[None]:
    """Log that a step starts and, when it ends well, how many seconds it took."""
    logger.info("%s ...", what)
    started = time.monotonic()
    yield
    logger.info("%s: done in %.1f s", what, time.monotonic() - started)
