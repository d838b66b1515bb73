"""Run the benchmarks: `make bench`, or by hand

    python -m tests.benchmarks [--scale quick|full] [--parts kernel publish s3 validation] [--out FILE] [--docs FOLDER]

Each part is a module here with `run(scale) -> dict`. All figures go to --out as JSON, tables and a plot to
`benchmarks.md` and `benchmarks.svg` in --docs. What --parts leaves out keeps the figures of the last time on the same
machine at the same scale (they are kept in the home, in `benchmarks-<scale>.json`), so a measurement can be
made part by part; `--parts none` only writes the page again. What was never measured there keeps its lines in the page.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
import json
import logging
import os
import platform
import re
import sys
from pathlib import Path
from typing import Any

from include.settings import load_settings
from tests.benchmarks.report import write_report

logger = logging.getLogger("nightshelf.bench")

PARTS = (
    "kernel",
    "training",
    "spark_scoring",
    "placements",
    "item_lists",
    "publish",
    "api",
    "s3",
    "validation",
    "etl",
    "night",
)


def main(argv: list[str] | None = None) -> int:
    """Run the parts one after the other and write what they found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", choices=("quick", "full"), default="full")
    parser.add_argument("--parts", nargs="+", choices=(*PARTS, "none"), default=list(PARTS))
    parser.add_argument("--out", type=Path, help="JSON of all figures")
    parser.add_argument("--docs", type=Path, help="folder of benchmarks.md and benchmarks.svg")
    asked = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr)
    settings = load_settings()
    os.environ.setdefault("NUMBA_CACHE_DIR", str(settings.kernel_folder))
    kept = settings.home / f"benchmarks-{asked.scale}.json"
    figures: dict[str, Any] = {"scale": asked.scale, **machine()}
    figures = earlier(kept, figures) | figures
    for part in PARTS:
        if part in asked.parts:
            logger.info("measuring: %s, %s", part, asked.scale)
            when = f"{dt.date.today()}, {os.getloadavg()[0]:.0f}, {figures['processor']}"
            found = importlib.import_module(f"tests.benchmarks.{part}").run(asked.scale)
            found |= ratios(figures | found)
            figures |= found
            figures["when"] = figures.get("when", {}) | dict.fromkeys(found, when)
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(figures, default=float))
    if asked.docs is not None:
        write_report(figures, asked.docs)
    text = json.dumps(figures, indent=2, default=float)
    if asked.out is not None:
        asked.out.write_text(f"{text}\n")
    sys.stdout.write(f"{text}\n")
    return 0


def earlier(kept: Path, now: dict[str, Any]) -> dict[str, Any]:
    """Return what was measured before, nothing when it was on another machine."""
    found = json.loads(kept.read_text()) if kept.is_file() else {}
    return dict(found) if all(found.get(name) == value for name, value in now.items()) else {}


def ratios(figures: dict[str, Any]) -> dict[str, Any]:
    """Return what two parts together say: lists through Spark to Parquet against faiss."""
    found = {}
    for case in figures.get("kernel", {}).values():
        items = f"{case['shape']['items'] // 1000}k_items"
        faiss, spark = case["users_per_second"].get("faiss"), figures.get(f"spark_users_per_s_{items}")
        if faiss and spark:
            found[f"spark_over_faiss_{items}"] = spark / faiss[0]
    return found


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    import numpy as np
    from threadpoolctl import threadpool_info

    information = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*: (.*)$", information.read_text() if information.is_file() else "", re.MULTILINE)
    np.dot(np.ones((2, 2)), np.ones((2, 2)))
    blas = [library for library in threadpool_info() if library["user_api"] == "blas"]
    blas.sort(key=lambda one: "numpy" not in one["filepath"])  # scipy brings one of its own
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": found.group(1) if found else platform.processor(),
        "blas": ", ".join(
            f"{one['internal_api']} {one['version']} ({one.get('architecture', '')})" for one in blas[:1]
        ),
    }


if __name__ == "__main__":
    sys.exit(main())
