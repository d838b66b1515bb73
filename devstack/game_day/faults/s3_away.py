"""The S3 server of landing zone, lake and artifacts is away."""

from __future__ import annotations

from devstack.game_day.faults.base import StackFault
from devstack.game_day.stage import Stage
from include.errors import StackError


def strike(stage: Stage) -> str:
    """Stop it, and its supervisor with it, once the day is validated."""
    run_id = stage.begin_night()
    stage.wait_for_task(run_id, "validate", "success")
    server = stage.stack().s3
    if server is None:
        raise StackError("this stage has no S3 server", remedy="give the fault a stage with lake s3")
    server.stop()
    return run_id


def mend(stage: Stage, run_id: str) -> None:
    """Start what is missing and clear the task."""
    stage.command("up")
    stage.clear(run_id, "build_training_set")


FAULT = StackFault("s3_away", strike, mend, "`make up`, clear `build_training_set` with *Downstream*", lake="s3")
