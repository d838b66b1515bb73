"""Keep the champion; make MLflow's aliases agree with the decisions.

    python -m jobs.keep --date 2011-12-09 --model-version 3

The version becomes the alias `challenger`, so that people find what was refused. The result names the
champion, null when there has never been one, and the previous one.
"""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import dataclass

from include.night.champions import follow, promoted
from include.settings import Settings
from jobs import _command


@dataclass(frozen=True)
class KeepConfig:
    date: dt.date = _command.run_date()
    model_version: str = _command.argument("the version that the gate judged", required=True)


parse_args = _command.command_line(KeepConfig, __doc__)


def run(settings: Settings, config: KeepConfig) -> _command.Result:
    """Set the aliases by the decisions."""
    return follow(settings, promoted(settings), config.model_version)


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
