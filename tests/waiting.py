"""Waiting for something that other processes or threads do."""

import time
from collections.abc import Callable

PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.1


def eventually(holds: Callable[[], bool], *, seconds: float = PATIENCE_SECONDS, pause: float = PAUSE_SECONDS) -> bool:
    """Ask until `holds`, for at most `seconds`; tell whether it did."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True
