"""Keep the champion; make MLflow's aliases agree with the decisions.

    python -m jobs.keep --date 2011-12-09 --model-version 3

The version becomes the alias `challenger`, so that people find what was refused. The result names the
champion, null when there has never been one, and the previous one.
"""

from __future__ import annotations

import sys
from functools import partial

from include.night.champions import follow, promoted
from include.settings import Settings
from jobs import _command, _judged
from jobs._judged import Config

parse_args = partial(_judged.parse_args, __doc__)


def run(settings: Settings, config: Config) -> _command.Result:
    """Set the aliases by the decisions."""
    return follow(settings, promoted(settings), config.model_version)


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
