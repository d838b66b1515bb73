"""Health check of the containers: `health.py URL [PART]` ends with 0 when the address answers and PART is healthy.

Airflow's api-server tells of its other parts; `PART` is one of scheduler, triggerer, dag_processor, metadatabase.
"""

from __future__ import annotations

import json
import sys
import urllib.request

SECONDS = 5


def healthy(url: str, part: str | None = None) -> bool:
    """Tell whether `url` answers and, when a part is named, says that it is healthy."""
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            body = answer.read()
        return part is None or json.loads(body).get(part, {}).get("status") == "healthy"
    except (OSError, ValueError):
        return False


if __name__ == "__main__":
    sys.exit(0 if healthy(*sys.argv[1:3]) else 1)
