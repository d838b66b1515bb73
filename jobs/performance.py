"""How did the lists do? Hold what was served on a day against what users then did.

    python -m jobs.performance --date 2026-11-20

The same users and the same new pairs of user and item for the served lists, for what is popular, and for the
lists to which a rollback would lead. The result is {"part": "drift/<day>/performance-<fingerprint>", ...}.
"""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import dataclass

from include.night.day_checks import check_performance
from include.night.watched_day import open_day
from include.settings import Settings
from jobs import _command


@dataclass(frozen=True)
class PerformanceConfig:
    date: dt.date = _command.run_date()


parse_args = _command.command_line(PerformanceConfig, __doc__)


def run(settings: Settings, config: PerformanceConfig) -> _command.Result:
    """Compare the lists, or find the comparison."""
    part = check_performance(open_day(settings, config.date))
    found = part.read_json()
    pairs, hits = found["comparison"]["pairs"], found["comparison"]["live"]["hits"]
    return {"part": part.folder, "pairs": pairs, "hits": hits, "previous_batch": found["previous_batch"]}


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
