"""A model's files are changed after it was registered."""

from __future__ import annotations

from devstack.game_day.faults.base import StackFault
from devstack.game_day.stage import Stage


def strike(stage: Stage) -> str:
    """Change a byte of each file of the newest version before it is judged."""
    run_id = stage.begin_night()
    stage.wait_for_task(run_id, "train", "success")
    models = (stage.home.root / "mlflow" / "artifacts").rglob("*.npz")
    newest = max(models, key=lambda path: path.stat().st_mtime)
    for path in newest.parent.glob("*.npz"):
        whole = bytearray(path.read_bytes())
        whole[len(whole) // 2] ^= 0xFF
        path.write_bytes(whole)
    return run_id


def mend(stage: Stage, run_id: str) -> None:
    """Have the version's files written again."""
    stage.clear(run_id, "train")


FAULT = StackFault("poisoned_model", strike, mend, "clear `train` with *Downstream*")
