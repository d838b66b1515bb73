"""Find the days that were delivered and never ingested.

    python -m jobs.find_missed --date 2026-11-20

A missed day is closed in the landing zone, not in the lake, and later than the first day of the lake. The result names
those up to the date in order: {"days": "2026-11-17 2026-11-19"}.
"""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import dataclass

from include.lake import open_lake
from include.night.deliveries import missed_days
from include.settings import Settings
from jobs import _command


@dataclass(frozen=True)
class FindMissedConfig:
    date: dt.date = _command.run_date()


parse_args = _command.command_line(FindMissedConfig, __doc__)


def run(settings: Settings, config: FindMissedConfig) -> _command.Result:
    """Return the missed days."""
    days = missed_days(open_lake(settings.landing_uri), open_lake(settings.lake_uri), config.date)
    return {"days": " ".join(map(str, days))}


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
