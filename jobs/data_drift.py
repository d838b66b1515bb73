"""Has the data moved? Compare a day's events with the reference of the training set that served it.

    python -m jobs.data_drift --date 2026-11-20

The result is {"part": "drift/<day>/data-<fingerprint>", "broken": ..., "moved": ...}.
"""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import dataclass

from include.night.day_checks import check_data
from include.night.watched_day import open_day
from include.settings import Settings
from jobs import _command


@dataclass(frozen=True)
class DataDriftConfig:
    date: dt.date = _command.run_date()


parse_args = _command.command_line(DataDriftConfig, __doc__)


def run(settings: Settings, config: DataDriftConfig) -> _command.Result:
    """Check the day's data, or find the check."""
    part = check_data(open_day(settings, config.date))
    found = part.read_json()["drift"]
    return {"part": part.folder, "rows": found["rows"], "broken": found["broken"], "moved": found["moved"]}


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
