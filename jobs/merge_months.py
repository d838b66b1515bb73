"""Merge the lake's daily files of each month that is over, so that a night reads few files, however long its history.

    python -m jobs.merge_months --date 2026-11-20

The days stay as they are, and nothing reads a month whose days have changed since: the job may run at any time, and
again. The result is {"dry_run": false, "months": {"events": 23, ...}}, how many of each table are merged now. `dry`
only says what would be made and deleted, and counts what would be made.
"""

from __future__ import annotations

import datetime as dt
import logging
import sys
from dataclasses import dataclass

from include.columns import TABLES
from include.lake import merge_months, open_lake, plan_merge
from include.settings import Settings
from jobs import _command

logger = logging.getLogger("nightshelf.merge_months")

MODES = ("dry", "merge")


@dataclass(frozen=True)
class MergeMonthsConfig:
    date: dt.date = _command.run_date()
    mode: str = _command.argument("what happens to months that are over; default merge", choices=MODES, default="merge")


parse_args = _command.command_line(MergeMonthsConfig, __doc__)


def run(settings: Settings, config: MergeMonthsConfig) -> _command.Result:
    """Merge the months before that of the date, unless the run is dry."""
    lake, dry = open_lake(settings.lake_uri), config.mode == "dry"
    months = {}
    for table in TABLES:
        if not dry:
            months[table] = len(merge_months(lake, table, config.date))
            continue
        made, deleted = plan_merge(lake, table, config.date)
        for verb, folders in (("make", made), ("delete", deleted)):
            for folder in sorted(folders):
                logger.info("would %s %s", verb, folder)
        months[table] = len(made)
    return {"dry_run": dry, "months": months}


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
