"""Keep the champion; make MLflow's aliases agree with the decisions.

    python -m jobs.keep --date 2011-12-09 --model-version 3

The version becomes the alias `challenger`, so that people find what was refused. The result names the
champion, null when there has never been one, and the previous one.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from include.settings import Settings
from jobs import _command, promote


def arguments() -> argparse.ArgumentParser:
    """Return the command line."""
    return promote.arguments(__doc__)


def run(settings: Settings, arguments: argparse.Namespace) -> dict[str, Any]:
    """Set the aliases by the decisions."""
    return promote.follow(settings, promote.promoted(settings), str(arguments.model_version))


if __name__ == "__main__":
    sys.exit(_command.main(arguments(), run))
