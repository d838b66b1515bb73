"""Check a day's partitions before anything is made of them.

A check of severity `fail` that does not hold stops the night; one of severity `warn` is
reported. The findings are in the lake under validations/, the pages under data_docs/. The
checks are in include/config/expectations.
"""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import dataclass

from include.checks.validation import raise_if_broken, summary, validate_day
from include.contract import load_policy
from include.lake import open_lake
from include.settings import Settings
from jobs import _command


@dataclass(frozen=True)
class ValidateConfig:
    date: dt.date = _command.run_date()


parse_args = _command.command_line(ValidateConfig, __doc__)


def run(settings: Settings, config: ValidateConfig) -> _command.Result:
    """Check the day and return what was found."""
    report = validate_day(open_lake(settings.lake_uri), config.date, load_policy(settings))
    raise_if_broken(report)
    return {**summary(report), "data_docs": report.data_docs}


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
