"""Keeps Airflow's four processes running: `python -m devstack.supervisor HOME`.

Migrates Airflow's database first, then starts each process and starts it again when it ends,
after a pause that grows while it keeps ending at once. SIGTERM ends all of them. When the
supervisor itself is killed, the next command of the stack ends what it left and starts anew.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devstack.components import COMMANDS, MIGRATE, PART, SUPERVISOR
from devstack.home import Home
from devstack.processes import end, find_process, marked, session, spawn, write_pid
from devstack.supervised import GRACE_SECONDS
from include.log import configure

logger = logging.getLogger("nightshelf.supervisor")

LOOK_SECONDS = 0.5
STEADY_SECONDS = 60.0
LONGEST_PAUSE = 30.0
LOG_LIMIT = 20 << 20


@dataclass
class Keeper:
    """One process that shall run, and what is known of its runs."""

    name: str
    command: Sequence[str]
    home: Home
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = 0.0
    not_before: float = field(default=0.0)

    def look(self, now: float) -> None:
        """Start the process unless it runs, or has just ended too often. `now` is a monotonic clock's, seconds."""
        if self.process is not None:
            code = self.process.poll()
            if code is None:
                return
            self.pause = 1.0 if now - self.started > STEADY_SECONDS else min(LONGEST_PAUSE, max(1.0, self.pause * 2))
            # A killed scheduler's workers would go on with tasks that the next one gives out again.
            end(session(self.process.pid), GRACE_SECONDS)
            logger.warning("%s ended with code %d; starting it again in %.0f s", self.name, code, self.pause)
            self.process, self.not_before = None, now + self.pause
        if now >= self.not_before:
            self._start(now)

    def _start(self, now: float) -> None:
        log = self.home.logs / f"{self.name}.log"
        if log.is_file() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        self.process = spawn(self.command, self.environment, self.home.airflow, log)
        self.started = now
        seen = find_process(self.process.pid)
        if seen is not None:
            write_pid(self.home.run / f"{self.name}.pid", seen)
        logger.info("%s started (pid %d)", self.name, self.process.pid)


def supervise(home: Home, part: str, commands: Mapping[str, Sequence[str]], environment: Mapping[str, str]) -> None:
    """Keep `commands` (by name) running until SIGTERM, then end everything of this part of the home but us."""
    asked_to_end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked_to_end.set())
    keepers = [Keeper(name, command, home, environment) for name, command in commands.items()]
    while not asked_to_end.wait(LOOK_SECONDS):
        for keeper in keepers:
            keeper.look(time.monotonic())
    logger.info("ending")
    end(marked(home.root, part), GRACE_SECONDS)


def migrate(home: Home, environment: Mapping[str, str], command: Sequence[str]) -> int:
    """Bring Airflow's database to its version; return the command's exit code."""
    started = time.monotonic()
    code = spawn(command, environment, home.airflow, home.logs / "airflow-migrate.log").wait()
    logger.info("database migrated with code %d in %.1f s", code, time.monotonic() - started)
    return code


def main(argv: Sequence[str]) -> int:
    """Run the supervisor of the home that `argv` names."""
    configure()
    home = Home(Path(argv[0]))
    me = find_process(os.getpid())
    if me is not None:
        write_pid(home.run / f"{SUPERVISOR}.pid", me)
    environment = dict(os.environ)
    code = migrate(home, environment, MIGRATE)
    if code == 0:
        supervise(home, PART, COMMANDS, environment)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
