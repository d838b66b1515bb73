"""Waiting for something that other processes or threads do."""

import time
from collections.abc import Callable


def eventually(holds: Callable[[], bool], *, seconds: float, pause: float = 0.1) -> bool:
    """Ask until `holds`, for at most `seconds`; tell whether it did."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True
