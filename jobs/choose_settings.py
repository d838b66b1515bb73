"""End a search for better settings: the best ones are the next night's challenger.

    python -m jobs.choose_settings --study main-2026-11-20-0123456789ab --trials 20

They must be better than the present ones by `tuning.min_gain`, and pass the gate like any other. The first end of a
study with so many trials stands. The result is {"tuning": 1, "settings": {...}, "from_night": "2026-11-21", ...};
`settings` is null where the present ones stay.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass

from include.night.recipes import SETTINGS
from include.night.tuning import choose_settings
from include.settings import Settings
from jobs import _command

logger = logging.getLogger("nightshelf.choose_settings")


@dataclass(frozen=True)
class ChooseSettingsConfig:
    study: str = _command.argument("as plan_tuning names it", required=True)
    trials: int = _command.argument("trials that were asked for", type=int, required=True)


parse_args = _command.command_line(ChooseSettingsConfig, __doc__)


def run(settings: Settings, config: ChooseSettingsConfig) -> _command.Result:
    """Return what the study found."""
    states, found = choose_settings(settings, config.study, config.trials)
    chosen = (found.recipe or {}).get(SETTINGS)
    logger.info("present %s, best %s, trials: %s", found.present, found.best, states)
    logger.info("from the night of %s on: %s", found.from_night, chosen) if chosen else logger.info("nothing better")
    return {
        "tuning": found.tuning_id,
        "present": found.present,
        "best": found.best,
        "trials": states,
        "from_night": found.from_night.isoformat() if chosen else None,
        "settings": chosen,
    }


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
