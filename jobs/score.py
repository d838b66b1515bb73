"""Score everyone: the top N of every user in the training set, with reasons, as one batch in the lake.

    python -m jobs.score --date 2011-12-09 --training-set training_sets/2011-12-09-0123456789ab

The model is the champion as of the run date; without one, everybody gets what is popular in
their segment. The batch's name carries a fingerprint of all that it is made from; when it is
committed and complete, it is reused. The result is {"batch": ..., "batch_id": ..., "users": ...,
"checksum": ..., "shortfall": users whose list is not full, "causes": users by what kept it short}.
"""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import dataclass

from include.contract import load_policy
from include.lake import open_lake
from include.night.scoring import find_or_score, find_source
from include.settings import Settings
from jobs import _command


@dataclass(frozen=True)
class ScoreConfig:
    date: dt.date = _command.run_date()
    training_set: str = _command.folder("training_sets/<run date>-<fingerprint>")
    sales: str = _command.argument(
        "folder in the lake, sales/<run date>-<fingerprint>; without it no lists of what sold are made",
        default="",
    )


parse_args = _command.command_line(ScoreConfig, __doc__)


def run(settings: Settings, config: ScoreConfig) -> _command.Result:
    """Return the batch of the run date, made now unless it is there."""
    lake = open_lake(settings.lake_uri)
    source = find_source(settings, lake, config.date, config.training_set, load_policy(settings), config.sales)
    batch = find_or_score(settings, lake, config.date, source)
    return {
        "batch": batch.folder,
        "batch_id": batch.name,
        "users": batch.manifest.counts["users"],
        "checksum": batch.detail("checksum"),
        "shortfall": batch.detail("shortfall"),
        "causes": batch.detail("shortfall_causes"),
    }


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
