"""Make Spark start quickly: archive the classes that its JVM loads for every job.

Needed once for an installation, and again after Java or PySpark changed. Where the archive is
there already, nothing happens.
"""

from __future__ import annotations

import argparse
import sys

from include.settings import Settings
from include.spark import prepare_classes
from jobs._command import main, parser


def arguments() -> argparse.ArgumentParser:
    return parser(__doc__)


def run(settings: Settings, arguments: argparse.Namespace) -> dict[str, str]:
    return {"archive": str(prepare_classes(settings))}


if __name__ == "__main__":
    sys.exit(main(arguments(), run))
