"""Delete what is older than the policy's section `retention` keeps, and nobody needs any more.

    python -m jobs.housekeeping --date 2026-11-20 --mode dry

`dry` only says what would go, `delete` deletes it, `policy` does what `retention.dry_run` says. What readers see or can
be moved back to stays, with its training set and model, and so does all that the next training set is built from. Each
deletion is a row of reco.deletions. The result has the number and bytes by kind.
"""

from __future__ import annotations

import datetime as dt
import logging
import sys
from collections import defaultdict
from dataclasses import dataclass

from include.contract import load_policy
from include.night.housekeeping import Housekeeping
from include.serving.database import WRITER, connect
from include.serving.housekeeping import find_needed, record_deletion
from include.settings import Settings
from jobs import _command

logger = logging.getLogger("nightshelf.housekeeping")

MODES = ("dry", "delete", "policy")


@dataclass(frozen=True)
class HousekeepingConfig:
    date: dt.date = _command.run_date()
    mode: str = _command.argument("what happens to what is found; default dry", choices=MODES, default="dry")


parse_args = _command.command_line(HousekeepingConfig, __doc__)


def run(settings: Settings, config: HousekeepingConfig) -> _command.Result:
    """Find what may go, delete it unless the run is dry, and return what there was."""
    policy = load_policy(settings)
    dry = policy.retention.is_dry(config.mode)
    keeping = Housekeeping(settings, policy, config.date)
    counts: dict[str, dict[str, int]] = defaultdict(lambda: {"folders": 0, "bytes": 0})
    with connect(settings.database_url, "housekeeping", role=WRITER) as connection:
        for one in keeping.find(find_needed(connection)):
            logger.info("%s %s: %s, of %s", "would delete" if dry else "deleting", one.kind, one.name, one.day)
            if not dry:
                record_deletion(connection, config.date, one.kind, one.name, one.day, one.size)
                keeping.delete(one)
            counts[one.kind]["folders"] += 1
            counts[one.kind]["bytes"] += one.size
    return {"dry_run": dry, **counts}


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
