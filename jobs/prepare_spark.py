"""Make the night's jobs start quickly: archive the classes that Spark's JVM loads, compile the ranking kernel.

Needed once for an installation, and again after Java, PySpark or the kernel changed. What is
there already is not made again. Without it jobs do the same for themselves, each time or once.
"""

from __future__ import annotations

import argparse
import sys

from include.ranking import compile_kernel
from include.settings import Settings
from include.spark.session import prepare_classes
from jobs._command import main, parser


def arguments() -> argparse.ArgumentParser:
    found = parser(__doc__)
    found.add_argument("--local", action="store_true", help="write nothing to the lake: it is not there yet")
    return found


def run(settings: Settings, arguments: argparse.Namespace) -> dict[str, str | None]:
    archive = prepare_classes(settings, local=arguments.local)
    return {"archive": str(archive), "kernel": compile_kernel()}


if __name__ == "__main__":
    sys.exit(main(arguments(), run))
