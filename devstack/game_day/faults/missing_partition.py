"""A past day has vanished from the lake."""

from __future__ import annotations

import datetime as dt
import shutil

from devstack.game_day.faults.base import StackFault
from devstack.game_day.stage import Stage

AGO = dt.timedelta(days=3)


def strike(stage: Stage) -> str:
    """Delete its events."""
    shutil.rmtree(stage.folder(stage.settings.lake_uri) / "events" / f"ingest_date={stage.day - AGO}")
    return stage.begin_night()


def mend(stage: Stage, run_id: str) -> None:
    """Ingest the day again and clear the task."""
    day = str(stage.day - AGO)
    stage.job("ingest", "--tables", "events", "--date", day)
    stage.clear(run_id, "build_training_set")


FAULT = StackFault(
    "missing_partition", strike, mend, "ingest the day again, clear `build_training_set` with *Downstream*"
)
