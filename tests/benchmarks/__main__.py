"""Run the benchmarks: `make bench`, or by hand

    python -m tests.benchmarks [--scale quick|full] [--parts kernel publish spark_scoring] [--out FILE] [--docs FOLDER]

Each part is a module here with `run(scale) -> dict`; what is not there is left out. All figures go to
--out as JSON, tables and a plot to `benchmarks.md` and `benchmarks.svg` in --docs.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
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

PARTS = ("kernel", "spark_scoring", "publish")


def main(argv: list[str] | None = None) -> int:
    """Run the parts one after the other and write what they found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", choices=("quick", "full"), default="full")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--out", type=Path, help="JSON of all figures")
    parser.add_argument("--docs", type=Path, help="folder of benchmarks.md and benchmarks.svg")
    asked = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr)
    os.environ.setdefault("NUMBA_CACHE_DIR", str(load_settings().kernel_folder))
    figures: dict[str, Any] = {"scale": asked.scale, **machine()}
    for part in asked.parts:
        if importlib.util.find_spec(f"tests.benchmarks.{part}") is None:
            logger.warning("there is no benchmark %s here", part)
            continue
        logger.info("measuring: %s, %s", part, asked.scale)
        figures |= importlib.import_module(f"tests.benchmarks.{part}").run(asked.scale)
    if asked.docs is not None:
        write_report(figures, asked.docs)
    text = json.dumps(figures, indent=2, default=float)
    if asked.out is not None:
        asked.out.write_text(f"{text}\n")
    sys.stdout.write(f"{text}\n")
    return 0


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    import numpy as np
    from threadpoolctl import threadpool_info

    information = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*: (.*)$", information.read_text() if information.is_file() else "", re.MULTILINE)
    np.dot(np.ones((2, 2)), np.ones((2, 2)))
    blas = [library for library in threadpool_info() if library["user_api"] == "blas"]
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": found.group(1) if found else platform.processor(),
        "blas": ", ".join(
            f"{one['internal_api']} {one['version']} ({one.get('architecture', '')})" for one in blas[:1]
        ),
    }


if __name__ == "__main__":
    sys.exit(main())
