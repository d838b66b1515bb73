"""How did the lists do? Hold what was served on a day against what users then did.

    python -m jobs.performance --date 2026-11-20

The same users and the same new pairs of user and item for the served lists, for what is popular, and for the
lists to which a rollback would lead. Results by item, category and segment go to reco.results_by_item,
results_by_category and results_by_segment. The result is {"part": "drift/<day>/performance-<fingerprint>", ...}.
"""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import dataclass

from include.night.day_checks import check_performance
from include.night.watched_day import open_day
from include.serving.database import WRITER, connect
from include.serving.results import record_results
from include.settings import Settings
from jobs import _command


@dataclass(frozen=True)
class PerformanceConfig:
    date: dt.date = _command.run_date()


parse_args = _command.command_line(PerformanceConfig, __doc__)


def run(settings: Settings, config: PerformanceConfig) -> _command.Result:
    """Compare the lists, or find the comparison, and give analysts the results by item and segment."""
    watched = open_day(settings, config.date)
    part = check_performance(watched)
    found, results = part.read_json(), part.read_table("results")
    with connect(settings.database_url, "performance", role=WRITER) as connection:
        record_results(connection, watched.policy.publish.variant, config.date, watched.live.batch_id, results)
    pairs, hits = found["comparison"]["pairs"], found["comparison"]["live"]["hits"]
    return {"part": part.folder, "pairs": pairs, "hits": hits, "previous_batch": found["previous_batch"]}


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
