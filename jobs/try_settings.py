"""Run one trial of a search for better settings.

    python -m jobs.try_settings --study main-2026-11-20-0123456789ab --task 3

A task that has ended its trial returns it again; one that was killed in its trial tries the same settings again. The
result is the trial: {"trial": 3, "state": "complete", "value": 0.21, "settings": {"ials.dimensions": 64}}; the state is
"pruned" where it lagged behind the others, "fail" where the settings make no model.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from include.night.tuning import try_settings
from include.settings import Settings
from jobs import _command


@dataclass(frozen=True)
class TrySettingsConfig:
    study: str = _command.argument("as plan_tuning names it", required=True)
    task: int = _command.argument("which trial, from 0; 0 tries the present settings", type=int, required=True)


parse_args = _command.command_line(TrySettingsConfig, __doc__)


def run(settings: Settings, config: TrySettingsConfig) -> _command.Result:
    """Return the trial, which has ended."""
    return try_settings(settings, config.study, config.task)._asdict()


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
