"""Processes that are kept running: started together, started again when one ends, and stopped.

supervisord does it; its configuration is written at each start. What it cannot do is done
here: before a process is started again, what the one before left behind is ended (`python -m
devstack.supervised NAME COMMAND`), and what a killed supervisord leaves is found by its marks.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from configparser import RawConfigParser
from dataclasses import dataclass
from pathlib import Path

import psutil

from devstack.home import Home
from devstack.processes import MARK, end_marked, marked, read_pid, spawn
from include.processes import end
from include.settings import PROJECT

GRACE_SECONDS = 8  # between SIGTERM and SIGKILL; a scheduler alone would wait for its tasks to end
STEADY_SECONDS = 60  # one that ends sooner is started again after a pause, one second longer each time
LOG_LIMIT = 20 << 20
NAME = "SUPERVISOR_PROCESS_NAME"  # supervisord's own variable


@dataclass(frozen=True)
class Supervised:
    """One part of the stack in `home`.

    Parameters
    ----------
    part
        Marks its processes, see `processes.marks`.
    commands
        Of the processes, by name.
    migrate
        A command that must end well before they are started; none when empty.
    """

    home: Home
    part: str
    commands: Mapping[str, Sequence[str]]
    migrate: Sequence[str] = ()

    @property
    def name(self) -> str:
        """Return the name of the supervisor's pid file and log."""
        return f"{self.part}-supervisor"

    @property
    def migrate_log(self) -> Path:
        """Return the log of the migration."""
        return self.home.logs / f"{self.part}-migrate.log"

    def find_supervisor(self) -> psutil.Process | None:
        """Return the supervisor, if it runs."""
        return read_pid(self.home.run / f"{self.name}.pid", self.home.root)

    def find(self, name: str) -> psutil.Process | None:
        """Return one of its processes, if it runs."""
        return read_pid(self.home.run / f"{name}.pid", self.home.root)

    def end_leftovers(self) -> None:
        """End what a killed supervisor left."""
        end_marked(self.home.root, self.part)

    def start(self, environment: Mapping[str, str]) -> None:
        """Start the supervisor; `environment` carries the part's marks."""
        command = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(self._write_config())]
        if self.migrate:
            migrate = f"{shlex.join(self.migrate)} >{shlex.quote(str(self.migrate_log))} 2>&1"
            command = ["/bin/sh", "-c", f"{migrate} && exec {shlex.join(command)}"]
        variables = {**environment, "PYTHONPATH": str(PROJECT)}
        started = spawn(command, variables, self.home.root, self.home.logs / f"{self.name}.log")
        (self.home.run / f"{self.name}.pid").write_text(str(started.pid))

    def stop(self) -> int:
        """End the supervisor first, so that nothing is started again, then the rest; return how many there were."""
        count = len(marked(self.home.root, self.part))
        supervisor = self.find_supervisor()
        if supervisor is not None:
            end([supervisor], GRACE_SECONDS + 5)
        self.end_leftovers()
        for name in (self.name, *self.commands):
            (self.home.run / f"{name}.pid").unlink(missing_ok=True)
        return count

    def _write_config(self) -> Path:
        """Write the configuration; paths are relative to the home, because a `%` in one would be replaced twice."""
        config = RawConfigParser()
        config["supervisord"] = {
            "logfile": f"logs/{self.name}.log",
            "pidfile": f"run/{self.name}.pid",
            "silent": "true",
            **({"user": "root"} if os.geteuid() == 0 else {}),
        }
        for name, command in self.commands.items():
            started = shlex.join([sys.executable, "-m", __name__, name, *command])
            config[f"program:{name}"] = {
                "command": started.replace("%", "%%"),
                "directory": "airflow",
                "startsecs": str(STEADY_SECONDS),
                "startretries": "1000000",
                "autorestart": "true",
                "stopasgroup": "true",
                "killasgroup": "true",
                "stopwaitsecs": str(GRACE_SECONDS),
                "redirect_stderr": "true",
                "stdout_logfile": f"logs/{name}.log",
                "stdout_logfile_maxbytes": str(LOG_LIMIT),
                "stdout_logfile_backups": "1",
            }
        path = self.home.run / f"{self.name}.conf"
        with path.open("w") as stream:
            config.write(stream)
        return path


def main(argv: Sequence[str]) -> None:
    """Become a command after ending what the process of the same name left: its workers would do their work twice."""
    home, (name, *command) = Home(Path(os.environ[MARK])), argv
    end(marked(home.root, **{NAME: name}), GRACE_SECONDS)
    (home.run / f"{name}.pid").write_text(str(os.getpid()))
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
