"""Compare the landing zone with the lake, name what is missing or has changed, and record the ingest's books.

    python -m jobs.compare_landing --date 2026-11-20

Looks at the four weeks up to the date: days that were not delivered or not ingested, files that came after the ingest,
have other content now, or are gone. Each is a warning and a line of reco.landing_comparisons; nothing is stopped. The
books of the days that were ingested since go to reco.ingest_accounts.
"""

from __future__ import annotations

import datetime as dt
import logging
import sys
from dataclasses import dataclass

from include.contract import load_dataset
from include.lake import open_lake
from include.night.deliveries import LOOK_BACK, compare
from include.serving.accounts import record_accounts
from include.serving.comparison import record_comparison
from include.serving.database import WRITER, connect
from include.settings import Settings
from jobs import _command

logger = logging.getLogger("nightshelf.compare_landing")

SAID = 10  # problems in the result
REMEDY = "clear `ingest` of that night with downstream, or run bootstrap_history for the day (docs/runbook.md)"


@dataclass(frozen=True)
class CompareLandingConfig:
    date: dt.date = _command.run_date()


parse_args = _command.command_line(CompareLandingConfig, __doc__)


def run(settings: Settings, config: CompareLandingConfig) -> _command.Result:
    """Record the problems and return how many there are, and the first of them."""
    landing, lake = open_lake(settings.landing_uri), open_lake(settings.lake_uri)
    problems = [str(one) for one in compare(landing, lake, load_dataset(settings.dataset), config.date)]
    for problem in problems:
        logger.warning("%s. Remedy: %s.", problem, REMEDY)
    with connect(settings.database_url, "compare_landing", role=WRITER) as connection:
        record_comparison(connection, config.date, problems)
        record_accounts(connection, lake, config.date - LOOK_BACK)
    return {"differences": len(problems), "problems": problems[:SAID]}


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
