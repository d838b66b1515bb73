"""Break a development stack of its own in a temporary folder, one fault after the other.

python -m devstack.game_day [--faults NAME,..] [--out FILE] [--docs FOLDER]
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from devstack.game_day.exercise import Outcome, exercise
from devstack.game_day.faults import FAULTS, clock_jumps, full_disk
from devstack.game_day.faults.base import StackFault
from devstack.game_day.hook import OnCall, on_call
from devstack.game_day.report import write_json, write_table
from devstack.game_day.stage import CLOCK, Stage
from include.errors import NightshelfError
from include.log import configure

logger = logging.getLogger("nightshelf")
PAGE = "game-day.md"


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [fault.name for fault in FAULTS]
    made.add_argument("--faults", default=",".join(names), help=f"some of {', '.join(names)}; default all")
    made.add_argument("--out", type=Path, help="file for the outcomes as JSON")
    made.add_argument("--docs", type=Path, help=f"folder whose {PAGE} gets the table")
    return made


def choose(text: str) -> list[StackFault]:
    """Return the faults that a list of names means; those of one lake follow each other."""
    known = {fault.name: fault for fault in FAULTS}
    names = [name.strip() for name in text.split(",") if name.strip()]
    if unknown := [name for name in names if name not in known]:
        raise SystemExit(f"there is no fault {', '.join(unknown)}; there are {', '.join(known)}")
    return sorted((known[name] for name in names), key=lambda fault: fault.lake)


def run(faults: Sequence[StackFault], told: OnCall) -> Iterator[Outcome]:
    """Yield what each fault led to; a stage whose fault was not mended is not used again."""
    left = list(faults)
    while left:
        with opened(left[0].lake, told) as stage:
            while left and left[0].lake == stage.lake_kind:
                outcome = exercise(left.pop(0), stage)
                yield outcome
                if not outcome.recovered:
                    break


@contextmanager
def opened(lake: str, told: OnCall) -> Iterator[Stage]:
    """Open a stack in a temporary folder, and delete it in the end."""
    with tempfile.TemporaryDirectory(prefix="nightshelf-game-day-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL may run as another account, and loads the clock, too
        stage = Stage(folder, told, lake, {"LD_PRELOAD": str(clock_jumps.build(folder)), CLOCK: str(folder / "clock")})
        try:
            logger.info("the first night of a stack whose lake is %s", lake)
            stage.open()
            yield stage
        finally:
            full_disk.unmount(folder)
            stage.close()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the game day; the exit code is 1 when a fault was not mended or a reader saw a wrong row."""
    options = parser().parse_args(argv)
    configure()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # with its stack stopped and deleted
    outcomes: list[Outcome] = []
    with on_call() as told:
        try:
            for outcome in run(choose(options.faults), told):
                logger.info("%s", outcome)
                outcomes.append(outcome)
                if options.out:
                    write_json(outcomes, options.out)
                if options.docs:
                    write_table(outcomes, options.docs / PAGE)
        except NightshelfError as error:
            sys.stderr.write(f"{error}\n")
            return error.exit_code
    return 0 if all(outcome.recovered and not outcome.wrong_rows_seen for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
