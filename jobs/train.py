"""Train the challenger on one training set and register it.

    python -m jobs.train --training-set training_sets/2011-12-09-0123456789ab

The version of the same training set and recipe is reused when it is there and whole. The result
names it: {"model_version": "3", "lacks": null}. Where the data is not enough for a model, the version is
"popularity" and `lacks` says what is missing and from when on there will be one.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from include.contract import load_policy
from include.lake import open_artifact, open_lake
from include.night.challengers import choose_model
from include.night.champions import raise_if_store_lost
from include.night.held import raise_if_held
from include.night.training import find_or_train
from include.settings import Settings
from jobs import _command


@dataclass(frozen=True)
class TrainConfig:
    training_set: str = _command.folder("training_sets/<run date>-<fingerprint>")


parse_args = _command.command_line(TrainConfig, __doc__)


def run(settings: Settings, config: TrainConfig) -> _command.Result:
    """Return the version of this training set, by the policy's model or its tuned one; a day on hold trains none."""
    source = open_artifact(open_lake(settings.lake_uri), config.training_set)
    raise_if_held(settings, source.run_date)
    raise_if_store_lost(settings)
    policy = load_policy(settings)
    model, tuning = choose_model(settings, policy, source.run_date)
    return dict(find_or_train(settings, source, policy.model_copy(update={"model": model}), tuning)._asdict())


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
