"""Let a night go on although checks of it fail, and record who wanted it and why.

    python -m jobs.override --date 2026-11-20 --checks events.volume --by ada --reason "Black Friday"

Leaves one row a check in reco.model_decisions, of kind `override`. It changes nothing by itself: clear the task that
stopped, with everything downstream; it then only warns of these checks.
"""

from __future__ import annotations

import argparse
import datetime as dt
import logging
import sys
from dataclasses import dataclass

from include.contract import load_policy
from include.serving.database import WRITER, connect
from include.serving.overrides import record_overrides
from include.settings import Settings
from jobs import _command

logger = logging.getLogger("nightshelf.override")


def _names(value: str) -> list[str]:
    names = list(dict.fromkeys(value.replace(",", " ").split()))
    if not names:
        raise argparse.ArgumentTypeError("name at least one check, or all")
    return names


@dataclass(frozen=True)
class OverrideConfig:
    date: dt.date = _command.run_date()
    checks: list[str] = _command.argument(
        "names of the checks as the error says them, separated by commas; all: every check of the night",
        type=_names,
        required=True,
    )
    by: str = _command.text("who wants it", required=True)
    reason: str = _command.text("why; for those who read it later", required=True)


parse_args = _command.command_line(OverrideConfig, __doc__)


def run(settings: Settings, config: OverrideConfig) -> _command.Result:
    """Record the overrides and return what stands for each check."""
    variant = load_policy(settings).publish.variant
    with connect(settings.database_url, "override", role=WRITER) as connection:
        decisions = record_overrides(connection, variant, config.date, config.checks, config.reason, config.by)
    for decision in decisions:
        logger.info("overridden for the night of %s: %s", config.date, decision.reasons[0])
    return {"run_date": config.date.isoformat(), "overridden": [decision.reasons[0] for decision in decisions]}


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
