"""The jobs' password is not the database's."""

from __future__ import annotations

from devstack.game_day.faults.base import StackFault
from devstack.game_day.stage import Stage

URL = "NIGHTSHELF_DATABASE_URL"


def strike(stage: Stage) -> str:
    """Let the settings hold another password."""
    place = stage.home.values()[URL].partition("@")[2]
    stage.home.remember({URL: f"postgresql://nightshelf:wrong@{place}"})
    return stage.begin_night()


def mend(stage: Stage, run_id: str) -> None:
    """Have the stack write the right one, and clear the task."""
    stage.command("up")
    stage.clear(run_id, "ingest")


FAULT = StackFault(
    "wrong_credentials", strike, mend, "`make up` writes the right password, clear `ingest` with *Downstream*"
)
