"""The machine's clock jumps two days ahead in the middle of a night."""

from __future__ import annotations

import subprocess
from pathlib import Path

from devstack.game_day.faults.base import StackFault
from devstack.game_day.stage import CLOCK, Stage
from include.errors import StackError

SOURCE = Path(__file__).parent.parent / "clock.c"
AHEAD = 2 * 86400


def build(folder: Path) -> Path:
    """Compile the library that lets the clock of a process jump, and return it.

    Raises
    ------
    StackError
        When there is no C compiler.
    """
    library = folder / "clock.so"
    command = ["cc", "-O2", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise StackError(
            f"{SOURCE.name} cannot be compiled: {getattr(error, 'stderr', error)}",
            remedy="install a C compiler (package gcc), or leave the fault clock_jumps out with FAULTS",
        ) from error
    return library


def strike(stage: Stage) -> str:
    """Let it jump while the training set is built."""
    run_id = stage.begin_night()
    stage.wait_for_task(run_id, "build_training_set", "running")
    Path(stage.environment[CLOCK]).write_text(str(AHEAD))
    return run_id


def mend(stage: Stage, run_id: str) -> None:
    """Set the clock right, start everything again, and clear the task."""
    Path(stage.environment[CLOCK]).write_text("0")
    stage.command("down")
    stage.command("up")
    stage.clear(run_id, "build_training_set")


FAULT = StackFault(
    "clock_jumps",
    strike,
    mend,
    "set the clock right, `make down`, `make up`, clear `build_training_set` with *Downstream*",
)
