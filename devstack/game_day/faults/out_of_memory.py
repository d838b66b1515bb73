"""The machine has no memory left: the kernel kills the job."""

from __future__ import annotations

import psutil

from devstack.game_day.faults.base import StackFault
from devstack.game_day.stage import Stage
from devstack.processes import marked


def strike(stage: Stage) -> str:
    """Kill what scores, as the kernel does."""
    run_id = stage.begin_night()

    def kill() -> bool:
        jobs = [process for process in marked(stage.home.root) if _scores(process)]
        for process in jobs:
            process.kill()
        return bool(jobs)

    stage.wait(kill, "score")
    return run_id


def mend(stage: Stage, run_id: str) -> None:
    """Give Spark's driver less, and clear the task."""
    stage.home.remember({"SPARK_DRIVER_MEMORY": "900m"})
    stage.clear(run_id, "score")


def _scores(process: psutil.Process) -> bool:
    try:
        return "jobs.score" in process.cmdline()
    except psutil.Error:
        return False


FAULT = StackFault("out_of_memory", strike, mend, "lower `SPARK_DRIVER_MEMORY`, clear `score` with *Downstream*")
