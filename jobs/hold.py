"""Hold a night, or release it, and record who wanted it and why.

    python -m jobs.hold --date 2026-11-20 --answer hold --by ada --reason "prices are wrong" --request phone-call-7

A night on hold trains, promotes and publishes nothing: its tasks `train`, `gate` and `publish` stop. Releasing it, also
from a hold of the drift watch, changes nothing by itself: clear the task that stopped, with everything downstream.
"""

from __future__ import annotations

import datetime as dt
import logging
import sys
from dataclasses import dataclass
from typing import Literal

from include.contract import load_policy
from include.serving.database import WRITER, connect
from include.serving.holds import HoldRequest, decide_hold
from include.settings import Settings
from jobs import _command

logger = logging.getLogger("nightshelf.hold")


@dataclass(frozen=True)
class HoldConfig:
    date: dt.date = _command.run_date()
    answer: Literal["hold", "release"] = _command.argument("what to do", choices=["hold", "release"], required=True)
    by: str = _command.text("who wants it", required=True)
    reason: str = _command.text("why; for those who read it later", required=True)
    request: str = _command.text("a name: what bears it is done once", required=True)


parse_args = _command.command_line(HoldConfig, __doc__)


def run(settings: Settings, config: HoldConfig) -> _command.Result:
    """Record the word and return what stands."""
    variant = load_policy(settings).publish.variant
    request = HoldRequest(variant, config.date, config.answer, config.reason, config.by, config.request)
    with connect(settings.database_url, "hold", role=WRITER) as connection:
        decision = decide_hold(connection, request)
    logger.info("%s the night of %s: %s", decision.kind, config.date, "; ".join(decision.reasons))
    return {"run_date": config.date.isoformat(), "answer": decision.kind, "reasons": decision.reasons}


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
