"""Train the challenger on one training set and register it.

    python -m jobs.train --training-set training_sets/2011-12-09-0123456789ab

The version of the same training set and recipe is reused when it is there and whole. The result
names it: {"model_version": "3"}.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from include.contract import load_policy
from include.lake import open_artifact, open_lake
from include.night.training import find_or_train
from include.settings import Settings
from jobs import _command


@dataclass(frozen=True)
class TrainConfig:
    training_set: str = _command.folder("training_sets/<run date>-<fingerprint>")


parse_args = _command.command_line(TrainConfig, __doc__)


def run(settings: Settings, config: TrainConfig) -> _command.Result:
    """Return the version that holds the models of this training set and policy."""
    source = open_artifact(open_lake(settings.lake_uri), config.training_set)
    return {"model_version": find_or_train(settings, source, load_policy(settings))}


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
