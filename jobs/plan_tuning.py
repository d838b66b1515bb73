"""Begin a search for better settings of the model, or find the one begun before.

    python -m jobs.plan_tuning --date 2026-11-20

The study is about the newest training set up to the date and about the settings that the next night would train by;
`tuning` in the policy says what is tried. The result names it: {"study": "main-2026-11-20-0123456789ab", "trials": 20,
"lacks": null}. Where there is nothing to search, `trials` is 0 and `lacks` says why.
"""

from __future__ import annotations

import datetime as dt
import logging
import sys
from dataclasses import dataclass

from include.night.tuning import plan_study
from include.settings import Settings
from jobs import _command

logger = logging.getLogger("nightshelf.plan_tuning")


@dataclass(frozen=True)
class PlanTuningConfig:
    date: dt.date = _command.run_date()
    trials: int | None = _command.argument(
        "settings to try, as the policy says when left out or empty", type=lambda text: int(text) if text else None
    )


parse_args = _command.command_line(PlanTuningConfig, __doc__)


def run(settings: Settings, config: PlanTuningConfig) -> _command.Result:
    """Return the study and the number of its trials."""
    plan = plan_study(settings, config.date, config.trials)
    if plan.lacks:
        logger.warning("nothing is tuned: %s", plan.lacks)
    return {"study": plan.study, "trials": plan.trials, "lacks": plan.lacks}


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
