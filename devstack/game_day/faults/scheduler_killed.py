"""The scheduler is killed, and with it the job that it runs."""

from __future__ import annotations

import psutil

from devstack.game_day.faults.base import StackFault
from devstack.game_day.stage import Stage
from devstack.processes import marked


def strike(stage: Stage) -> str:
    """Kill it while the training set is built; its supervisor starts another."""
    run_id = stage.begin_night()
    stage.wait_for_task(run_id, "build_training_set", "running")
    for process in marked(stage.home.root):
        if "airflow scheduler" in " ".join(_command(process)):
            process.kill()
    return run_id


def mend(stage: Stage, run_id: str) -> None:
    """Start what is missing and clear the task."""
    stage.command("up")
    stage.clear(run_id, "build_training_set")


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


FAULT = StackFault("scheduler_killed", strike, mend, "`make up`, clear `build_training_set` with *Downstream*")
