"""MLflow's store is gone, and there is no backup."""

from __future__ import annotations

import shutil

from devstack.game_day.faults.base import StackFault
from devstack.game_day.stage import Stage


def strike(stage: Stage) -> str:
    """Delete the store."""
    shutil.rmtree(stage.home.root / "mlflow")
    return stage.begin_night()


def mend(stage: Stage, run_id: str) -> None:
    """Go on with an empty store, and clear the task."""
    stage.job("adopt_model_store", "--by", "game day", "--reason", "the disk is gone")
    stage.clear(run_id, "train")


FAULT = StackFault(
    "mlflow_lost", strike, mend, "`python -m jobs.adopt_model_store`, then clear `train` with *Downstream*"
)
