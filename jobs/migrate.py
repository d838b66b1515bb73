"""Bring the schema `reco` of PostgreSQL to the version that this code needs.

Applies the files of include/sql/migrations that the database does not have yet, in order, each
in its own transaction. Running it again applies nothing.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from include.serving.migrate import migrate
from include.settings import Settings
from jobs._command import main, parser


def arguments() -> argparse.ArgumentParser:
    return parser(__doc__)


def run(settings: Settings, arguments: argparse.Namespace) -> dict[str, Any]:
    return {"applied": migrate(settings.database_url)}


if __name__ == "__main__":
    sys.exit(main(arguments(), run))
