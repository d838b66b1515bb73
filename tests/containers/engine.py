"""The stack of docker-compose.yaml in a real Docker engine, as a project of its own beside others."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devstack.ports import free_port
from include.settings import PROJECT
from tests.waiting import eventually

DOCKER = shlex.split(os.environ.get("DOCKER", "docker"))
NAME = "nightshelf-test"
UP_SECONDS = 300


class NoEngineError(Exception):
    """No Docker engine answers here."""


def find_engine() -> str:
    """Return the version of the engine that answers.

    Raises
    ------
    NoEngineError
        When none does.
    """
    try:
        done = subprocess.run([*DOCKER, "version", "--format", "{{.Server.Version}}"], capture_output=True, text=True)
    except OSError as error:
        raise NoEngineError(f"{DOCKER[0]}: {error.strerror}") from error
    if done.returncode:
        raise NoEngineError(f"`{shlex.join([*DOCKER, 'version'])}` fails: {done.stderr.strip()}")
    return done.stdout.strip()


def copy_project(folder: Path) -> None:
    """Copy what git knows of the project, as the working tree has it."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, folder / name)


@dataclass(frozen=True)
class Containers:
    """The running stack.

    Parameters
    ----------
    folder
        Copy of the project, with an `.env`; the engine must see it under the same path.
    """

    folder: Path

    def docker(self, *words: str, check: bool = True) -> str:
        """Run a command of Docker and return what it says on stdout, or on both when it fails and may."""
        done = subprocess.run([*DOCKER, *words], capture_output=True, text=True, cwd=self.folder)
        said = done.stdout if done.returncode == 0 else done.stdout + done.stderr
        assert done.returncode == 0 or not check, said[-4000:]
        return said.strip()

    def compose(self, *words: str, check: bool = True) -> str:
        file = ["--project-name", NAME, "--file", str(self.folder / "docker-compose.yaml")]
        return self.docker("compose", *file, *words, check=check)

    def run(self, service: str, *command: str, check: bool = True) -> str:
        """Run a command in a service's container."""
        return self.compose("exec", "-T", service, *command, check=check)

    def ids(self, service: str | None = None) -> list[str]:
        return self.compose("ps", "--all", "--quiet", *([service] if service else [])).split()

    def inspect(self, *ids: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.docker("inspect", *ids))
        return found

    def services(self) -> dict[str, dict[str, Any]]:
        """Return what Docker says of each service's (first) container."""
        label = "com.docker.compose.service"
        return {found["Config"]["Labels"][label]: found for found in reversed(self.inspect(*self.ids()))}

    def unhealthy(self) -> list[str]:
        states = {name: found["State"] for name, found in self.services().items()}
        return [
            name
            for name, state in states.items()
            if (state["Health"]["Status"] != "healthy" if "Health" in state else state["ExitCode"])
        ]

    def up(self, *words: str) -> float:
        """Start everything, wait until it is healthy, and return how many seconds that took."""
        begun = time.monotonic()
        self.compose("up", "--detach", "--wait", "--wait-timeout", str(UP_SECONDS), *words)
        return time.monotonic() - begun

    def kill(self, service: str) -> None:
        """Kill the main process of a container of ours; `docker kill` would count as a stop on purpose."""
        self.run(service, "sh", "-c", "kill -KILL $(pgrep -P 1)", check=False)

    def wait_until_healthy(self, seconds: float) -> None:
        assert eventually(lambda: not self.unhealthy(), seconds=seconds, pause=1), self.unhealthy()

    def sql(self, query: str) -> str:
        """Return what an analyst reads: one line per row, columns apart by |."""
        psql = 'PGPASSWORD=$ANALYST_DB_PASSWORD psql --host=127.0.0.1 --username=analyst -At --command="$0" nightshelf'
        return self.run("postgres", "sh", "-c", psql, query)


def write_ports(path: Path) -> None:
    """Give the front ends ports that are free here."""
    lines = path.read_text().splitlines()
    lines = [f"{line.split('=')[0]}={free_port()}" if line.split("=")[0].endswith("_PORT") else line for line in lines]
    path.write_text("\n".join(lines) + "\n")
