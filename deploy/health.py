"""Health check of the containers: `health.py URL [PART]` ends with 0 when the address answers and PART is healthy.

Airflow's api-server tells of its other parts; `PART` is one of `PARTS`. The development stack asks for them too.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Mapping
from typing import Any

SECONDS = 5
PARTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")


def is_healthy(states: Mapping[str, Any], part: str) -> bool:
    """Tell whether a part is healthy by what the api-server says of each: null of one that it never saw."""
    return (states.get(part) or {}).get("status") == "healthy"


def healthy(url: str, part: str | None = None) -> bool:
    """Tell whether `url` answers and, when a part is named, says that it is healthy."""
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            body = answer.read()
        return part is None or is_healthy(json.loads(body), part)
    except (OSError, ValueError):
        return False


if __name__ == "__main__":
    sys.exit(0 if healthy(*sys.argv[1:3]) else 1)
