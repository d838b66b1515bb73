"""Check a day's partitions before anything is made of them.

A check of severity `fail` that does not hold stops the night; one of severity `warn` is
reported. The findings are in the lake under validations/, the pages under data_docs/. The
checks are in include/config/contract.
"""

from __future__ import annotations

import datetime as dt
import logging
import sys
from dataclasses import dataclass
from functools import cache

from include.checks.validation import raise_if_broken, summary, validate_day
from include.columns import ITEMS
from include.contract import load_dataset
from include.errors import ConfigurationError, DatabaseError
from include.lake import open_lake
from include.serving.overrides import Overrides, load_overrides
from include.settings import Settings
from jobs import _command

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ValidateConfig:
    date: dt.date = _command.run_date()


parse_args = _command.command_line(ValidateConfig, __doc__)


def run(settings: Settings, config: ValidateConfig) -> _command.Result:
    """Check the day and return what was found."""
    dataset = load_dataset(settings.dataset)
    policy = dataset.policy(settings.policy_file)
    report = validate_day(
        open_lake(settings.lake_uri),
        config.date,
        policy,
        dataset.drift_policy(settings.drift_policy_file),
        zone=dataset.zone,
        whole_items=dataset.table(ITEMS).delivery == "whole",
        overridden=lambda check: _overrides(settings, policy.publish.variant, config.date).of(check),
    )
    raise_if_broken(report)
    return {**summary(report), "data_docs": report.data_docs}


@cache
def _overrides(settings: Settings, variant: str, day: dt.date) -> Overrides:
    """Return what people let pass; nothing where the database does not answer, since the day stays bad."""
    try:
        return load_overrides(settings, variant, day)
    except (ConfigurationError, DatabaseError) as error:
        logger.warning("overrides cannot be read, none holds: %s", error)
        return Overrides(day, {})


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
