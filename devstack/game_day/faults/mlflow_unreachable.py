"""MLflow's server does not answer."""

from __future__ import annotations

from devstack.game_day.faults.base import StackFault
from devstack.game_day.stage import Stage
from devstack.ports import LOCALHOST, free_port

URI = "MLFLOW_TRACKING_URI"


def strike(stage: Stage) -> str:
    """Let the settings name a server of which nothing listens."""
    stage.home.remember({URI: f"http://{LOCALHOST}:{free_port()}"})
    return stage.begin_night()


def mend(stage: Stage, run_id: str) -> None:
    """Bring it back and clear the task."""
    stage.home.remember({URI: ""})
    stage.clear(run_id, "train")


FAULT = StackFault("mlflow_unreachable", strike, mend, "bring MLflow back, clear `train` with *Downstream*")
