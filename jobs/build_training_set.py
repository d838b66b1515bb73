"""Build the training set of one run date from the lake's committed days.

Reads events of the policy's window and the latest rows of items and users, all delivered up
to and with the run date. The folder's name carries a fingerprint of everything that it is made
from; when it is committed and complete, it is reused.
"""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import dataclass

from include.contract import load_drift_policy, load_policy
from include.features.interactions import periods
from include.lake import open_lake
from include.night.building import find_or_build
from include.settings import Settings
from jobs import _command


@dataclass(frozen=True)
class BuildTrainingSetConfig:
    date: dt.date = _command.run_date()
    fresh_since: dt.date | None = _command.argument(
        "what happened before this day weighs less, see retrain.old_weight in drift.yaml; empty: nothing does",
        type=lambda text: dt.date.fromisoformat(text) if text else None,
    )


parse_args = _command.command_line(BuildTrainingSetConfig, __doc__)


def run(settings: Settings, config: BuildTrainingSetConfig) -> _command.Result:
    """Build or find the training set and return its folder and counts."""
    policy = load_policy(settings)
    old_weight = load_drift_policy(settings).retrain.old_weight if config.fresh_since else 1.0
    days = periods(config.date, policy, config.fresh_since, old_weight)
    made = find_or_build(settings, open_lake(settings.lake_uri), days, policy)
    return {"training_set": made.folder, "counts": made.manifest.counts}


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
