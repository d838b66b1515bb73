"""Check a day's partitions before anything is made of them.

A check of severity `fail` that does not hold stops the night; one of severity `warn` is
reported. The findings lie in the lake under validations/, the pages under data_docs/. The
checks are in include/config/expectations.
"""

from __future__ import annotations

import argparse
import sys

from include.checks.validation import raise_if_broken, summary, validate_day
from include.contract import load_dataset
from include.lake import open_lake
from include.settings import Settings
from jobs._command import add_date, main, parser


def arguments() -> argparse.ArgumentParser:
    command = parser(__doc__)
    add_date(command)
    return command


def run(settings: Settings, arguments: argparse.Namespace) -> dict[str, object]:
    policy = load_dataset(settings.dataset).policy(settings.policy_file)
    report = validate_day(open_lake(settings.lake_uri), arguments.date, policy)
    raise_if_broken(report)
    return {**summary(report), "data_docs": report.data_docs}


if __name__ == "__main__":
    sys.exit(main(arguments(), run))
