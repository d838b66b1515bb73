r"""Decide what is done about a day: nothing, retrain, rollback, or hold because the feed is broken.

    python -m jobs.verdict --date 2026-11-20 --data drift/2026-11-20/data-0123456789ab \
        --predictions drift/2026-11-20/predictions-0123456789ab --performance drift/2026-11-20/performance-0123456789ab

A verdict on a day is made once: running the job again shows it. It leaves a row in reco.drift_reports, a page with
plots in the lake, and for retrain and hold a row in reco.model_decisions. The result's `decision` is the next task.
"""

from __future__ import annotations

import datetime as dt
import logging
import sys
from dataclasses import dataclass

from include.lake import open_artifact
from include.night.day_verdict import find_or_judge
from include.night.watched_day import open_day
from include.settings import Settings
from jobs import _command

logger = logging.getLogger("nightshelf.verdict")

SAID = 3  # reasons in the result


@dataclass(frozen=True)
class VerdictConfig:
    date: dt.date = _command.run_date()
    data: str = _command.folder("drift/<day>/data-<fingerprint>")
    predictions: str = _command.folder("drift/<day>/predictions-<fingerprint>")
    performance: str = _command.folder("drift/<day>/performance-<fingerprint>")


parse_args = _command.command_line(VerdictConfig, __doc__)


def run(settings: Settings, config: VerdictConfig) -> _command.Result:
    """Return the day's verdict, made now unless it was made before."""
    watched = open_day(settings, config.date)
    folders = (config.data, config.predictions, config.performance)
    report = find_or_judge(settings, watched, *(open_artifact(watched.lake, one).read_json() for one in folders))
    for reason in report.reasons:
        logger.info("%s: %s", report.verdict, reason)
    logger.info("the day's page: %s", report.report)
    return {
        "decision": report.task,
        "verdict": report.verdict,
        "reason": "; ".join(report.reasons[:SAID]),
        "target": report.target or "",
        "since": (report.since or report.day).isoformat(),
        "report": report.report,
    }


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
