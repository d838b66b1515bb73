"""`make rehearse`: a night through the production stack, without Docker."""

from __future__ import annotations

import shutil
import signal
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devstack.disk import check_room
from devstack.progress import Display
from include.errors import NightshelfError
from tests.rehearsal.checks import CheckFailedError, Checks
from tests.rehearsal.night import Night, Shop
from tests.rehearsal.spark import Killer
from tests.rehearsal.stack import Stack, open_stack


@dataclass
class Rehearsal:
    """One rehearsal.

    Parameters
    ----------
    kill_in
        Spark's jobs during each of which one worker is killed.
    keep
        Leave the home for a look.
    """

    shop: Shop
    kill_in: Sequence[str]
    keep: bool
    environment: Mapping[str, str]
    display: Display

    def run(self) -> None:
        """Start the stack, run the night, check its results, and end everything.

        Raises
        ------
        NightshelfError
            At the first thing that fails. Then the home stays too, for its logs.
        """
        root = Path(tempfile.mkdtemp(prefix="nightshelf-rehearsal-"))
        try:
            check_room(root)
            stack = open_stack(root, self.environment)
        except NightshelfError:
            shutil.rmtree(root)
            raise
        self.display.say(f"home          {root}")
        well = False
        try:
            self._rehearse(stack)
            well = True
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)  # to end everything takes seconds that nobody may cut short
            with self.display.work("stopping the stack"):
                stack.stop()
            if well and not self.keep:
                stack.delete()
            else:
                self.display.say(
                    f"kept          {root}: logs in {stack.home.logs}, Airflow's in {root}/volumes/airflow/logs"
                )

    def _rehearse(self, stack: Stack) -> None:
        started = time.monotonic()
        workers = [container for name, container in stack.containers.items() if name.startswith("spark-worker")]
        killer = Killer(workers, self.kill_in, self.display)

        def meanwhile() -> None:
            stack.check()
            killer.look()

        night = Night(stack, self.shop, self.display, meanwhile)
        night.prepare()
        stack.start(self.display)
        self.display.say(
            f"Not rehearsed: {', '.join(stack.left_out)}, and what Prometheus does with the metrics it gets."
        )
        night.run()
        if killer.missed():
            raise CheckFailedError(f"no worker was killed during {', '.join(killer.missed())}")
        Checks(night, self.display).run()
        self.display.say(
            f"The stack of docker-compose.yaml has run its night, in {time.monotonic() - started:.0f} s.", style="green"
        )
