"""The stack of docker-compose.yaml in a real Docker engine, as a project of its own beside others."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devstack.ports import free_port
from include.settings import PROJECT, read_stack_file
from tests.waiting import eventually

DOCKER = shlex.split(os.environ.get("DOCKER", "docker"))
BUILT = bool(os.environ.get("CONTAINERS_IMAGE"))
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
        Copy of the project; the engine must see it under the same path.
    """

    folder: Path

    def stand_apart(self) -> None:
        """Have `make env` name a project and ports of its own, and `docker` in a shell mean the engine that answers."""
        example = self.folder / ".env.example"
        names = [line.partition("=")[0] for line in example.read_text().splitlines()]
        ports = {f"{name}={free_port()}" for name in names if name.endswith("_PORT")}
        kept = [line for line in example.read_text().splitlines() if not line.partition("=")[0].endswith("_PORT")]
        version = [] if BUILT else ["NIGHTSHELF_VERSION=test"]  # what the upgrade builds is nobody else's
        example.write_text("\n".join([*kept, *ports, *version, f"COMPOSE_PROJECT_NAME={NAME}"]) + "\n")
        program = self.folder / "bin" / "docker"
        program.parent.mkdir()
        file = shlex.quote(str(self.folder / "docker-compose.yaml"))
        in_folder = f'[ "$1" != compose ] || {{ shift; set -- compose --file {file} "$@"; }}'
        program.write_text(f'#!/bin/sh\n{in_folder}\nexec {shlex.join(DOCKER)} "$@"\n')
        program.chmod(0o755)

    def shell(self, line: str, text: str = "") -> str:
        """Run a line as somebody types it in the project's folder, `text` being its standard input."""
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "HOME": str(self.folder)}
        done = subprocess.run(
            ["bash", "-c", line], input=text, capture_output=True, text=True, cwd=self.folder, env=environment
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
        return done.stdout

    def docker(self, *words: str, check: bool = True) -> str:
        """Run a command of Docker and return what it says on stdout, or on both when it fails and may."""
        done = subprocess.run([*DOCKER, *words], capture_output=True, text=True, cwd=self.folder)
        said = done.stdout if done.returncode == 0 else done.stdout + done.stderr
        assert done.returncode == 0 or not check, said[-4000:]
        return said.strip()

    def compose(self, *words: str, check: bool = True) -> str:
        return self.docker("compose", "--file", str(self.folder / "docker-compose.yaml"), *words, check=check)

    def run(self, service: str, *command: str, check: bool = True) -> str:
        """Run a command in a service's container."""
        return self.compose("exec", "-T", service, *command, check=check)

    def python(self, service: str, code: str, *arguments: str, check: bool = True) -> str:
        return self.run(service, "python", "-c", code, *arguments, check=check)

    def values(self) -> dict[str, str]:
        """Return what `.env` says."""
        return read_stack_file(self.folder / ".env")

    def ids(self, service: str | None = None) -> list[str]:
        return self.compose("ps", "--all", "--quiet", *([service] if service else [])).split()

    def services(self) -> dict[str, dict[str, Any]]:
        """Return what Docker says of each service's (first) container."""
        label = "com.docker.compose.service"
        containers: list[dict[str, Any]] = json.loads(self.docker("inspect", *self.ids()))
        return {found["Config"]["Labels"][label]: found for found in reversed(containers)}

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
        self.compose("up", "--detach", "--no-build", "--wait", "--wait-timeout", str(UP_SECONDS), *words)
        return time.monotonic() - begun

    def kill(self, services: Sequence[str]) -> None:
        """Kill main processes, all at once, from outside: `docker kill` would count as a stop on purpose."""
        found = self.services()
        pids = [str(found[name]["State"]["Pid"]) for name in services]
        tool = (
            "--pid=host",
            "--user=0",
            "--network=none",
            "--entrypoint=kill",
            found["airflow-api"]["Config"]["Image"],
        )
        self.docker("run", "--rm", *tool, "-KILL", *pids)

    def wait_until_healthy(self, seconds: float) -> None:
        assert eventually(lambda: not self.unhealthy(), seconds=seconds, pause=1), self.unhealthy()

    def sql(self, query: str) -> str:
        """Return what an analyst reads: one line per row, columns apart by |."""
        psql = 'PGPASSWORD=$ANALYST_DB_PASSWORD psql --host=127.0.0.1 --username=analyst -At --command="$0" nightshelf'
        return self.run("postgres", "sh", "-c", psql, query)

    def live(self) -> tuple[str, str, str]:
        """Return day, name and checksum of the batch that readers see."""
        day, batch, checksum = self.sql("SELECT run_date, batch_id, checksum FROM reco.batches WHERE is_live").split(
            "|"
        )
        return day, batch, checksum
