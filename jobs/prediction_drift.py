"""Have the lists changed? Compare the batch that served a day with the one before it.

    python -m jobs.prediction_drift --date 2026-11-20

Scores, coverage, popularity bias, category mix, overlap. Lists that change cause no action by themselves; they are
in the report for people. The result is {"part": "drift/<day>/predictions-<fingerprint>", ...}.
"""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import dataclass

from include.night.day_checks import check_predictions
from include.night.watched_day import open_day
from include.settings import Settings
from jobs import _command


@dataclass(frozen=True)
class PredictionDriftConfig:
    date: dt.date = _command.run_date()


parse_args = _command.command_line(PredictionDriftConfig, __doc__)


def run(settings: Settings, config: PredictionDriftConfig) -> _command.Result:
    """Check the lists, or find the check."""
    part = check_predictions(open_day(settings, config.date))
    found = part.read_json()
    return {"part": part.folder, "overlap": found["overlap"], "coverage": found["coverage"]}


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
