"""Write the nightly report: who got what, coverage, new items, movers, metrics, segments, revenue on the lists.

    python -m jobs.report --batch batches/2026-11-20-0123456789ab

One page in the lake, reports/<run date>-<fingerprint>/, which loads nothing. Equal inputs give the same page: `made` in
the result says whether it was written now.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass

from include.lake import open_lake
from include.night.reporting import find_or_report
from include.serving.batch import open_batch
from include.settings import Settings
from jobs import _command

logger = logging.getLogger("nightshelf.report")


@dataclass(frozen=True)
class ReportConfig:
    batch: str = _command.folder("batches/<batch_id>")


parse_args = _command.command_line(ReportConfig, __doc__)


def run(settings: Settings, config: ReportConfig) -> _command.Result:
    """Write the report of a batch's night and return where it is."""
    lake = open_lake(settings.lake_uri)
    written = find_or_report(settings, lake, open_batch(lake, config.batch))
    logger.info("the night's report: %s", lake.uri_of(written.path))
    return {"report": written.path, "made": written.made, "coverage": written.figures["coverage"]}


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
