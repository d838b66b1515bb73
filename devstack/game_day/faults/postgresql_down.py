"""PostgreSQL goes down while a batch is published.

Airflow's metadata is in the same server here, so only the database of the lists closes: its sessions are cut and it
takes no new ones, which is what jobs and readers see of a server that is down.
"""

from __future__ import annotations

from devstack.game_day.faults.base import StackFault
from devstack.game_day.stage import Stage

CLOSE = "ALTER DATABASE nightshelf WITH ALLOW_CONNECTIONS false"
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'nightshelf'"
OPEN = "ALTER DATABASE nightshelf WITH ALLOW_CONNECTIONS true"


def strike(stage: Stage) -> str:
    """Close the database once `publish` runs."""
    run_id = stage.begin_night()
    stage.wait_for_task(run_id, "publish", "running")
    with stage.superuser() as run:
        run(CLOSE)
        run(CUT)
    return run_id


def mend(stage: Stage, run_id: str) -> None:
    """Bring it back and clear the task."""
    with stage.superuser() as run:
        run(OPEN)
    stage.clear(run_id, "publish")


FAULT = StackFault("postgresql_down", strike, mend, "bring PostgreSQL back, clear `publish`")
