"""Make MLflow's aliases say what the gate decided: champion, previous, challenger.

    python -m jobs.promote --date 2011-12-09 --model-version 3

The decisions in the database are the truth and the aliases follow: running the job again, or for an
old night, never takes the title from a newer champion. The result names the champion and the previous one.
"""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import dataclass

from include.errors import ValidationError
from include.night.champions import follow, promoted
from include.settings import Settings
from jobs import _command


@dataclass(frozen=True)
class PromoteConfig:
    date: dt.date = _command.run_date()
    model_version: str = _command.argument("the version that the gate judged", required=True)


parse_args = _command.command_line(PromoteConfig, __doc__)


def run(settings: Settings, config: PromoteConfig) -> _command.Result:
    """Set the aliases after checking that the gate promoted this version.

    Raises
    ------
    ValidationError
        When no decision promotes the version.
    """
    titles = promoted(settings)
    if config.model_version not in titles:
        known = ", ".join(filter(None, titles)) or "none"
        raise ValidationError(
            f"no decision promotes version {config.model_version} (promoted so far: {known})",
            remedy=f"clear `gate` of {config.date}: it decides, this task only follows",
        )
    return follow(settings, titles, config.model_version)


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
