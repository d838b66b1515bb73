"""A delivered file is damaged."""

from __future__ import annotations

from devstack.game_day.faults.base import StackFault
from devstack.game_day.stage import SHOP, Stage


def strike(stage: Stage) -> str:
    """Write noise into the middle of the day's events."""
    folder = stage.folder(stage.settings.landing_uri) / "events" / f"ingest_date={stage.day}"
    for path in folder.iterdir():
        if not path.name.startswith("_"):
            whole = path.read_bytes()
            path.write_bytes(whole[: len(whole) // 2] + bytes(range(256)) * 4)
    return stage.begin_night()


def mend(stage: Stage, run_id: str) -> None:
    """Have the day delivered again and clear the task."""
    day = str(stage.day)
    stage.job("demo_shop", "--from", day, "--to", day, *SHOP)
    stage.clear(run_id, "ingest")


FAULT = StackFault("corrupt_landing", strike, mend, "ask for a new delivery, clear `ingest` with *Downstream*")
