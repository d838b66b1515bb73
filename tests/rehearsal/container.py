"""A process that stands for a container of ours."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from devstack.airflow import last_line
from devstack.processes import marks, spawn
from include.errors import StackError
from include.processes import send, session
from include.settings import PROJECT
from tests.rehearsal.compose import Healthcheck, Service, image_environment
from tests.rehearsal.places import Places

LINUX_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass
class Container:
    """One container: what it runs, with what environment, and how it does.

    Parameters
    ----------
    name
        Of the service, with a number where there are several.
    service
        What it is one of, as the compose file has it.
    environment
        All of it: a container inherits nothing.
    health
        None for one that does its work and ends.
    """

    name: str
    service: Service
    command: Sequence[str]
    environment: Mapping[str, str]
    health: Healthcheck | None
    log: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        """Return where it answers, `http://address:port`, by what its health check asks."""
        asked = next(word for word in (self.health.command if self.health else ()) if word.startswith("http"))
        return asked[: asked.index("/", len("http://"))]

    def start(self) -> None:
        """Start it; the kernel ends it when this process is gone."""
        self._process = spawn(self.command, self.environment, PROJECT, self.log, dies_with_us=True)

    def ready(self) -> bool:
        """Tell whether what depends on it may start: it is healthy, or has done its work.

        Raises
        ------
        StackError
            When it has ended and should not have.
        """
        self.check()
        return self._code() == 0 if self.health is None else answers(self.health, self.environment)

    def check(self) -> None:
        """Make sure that it has not ended, or that its work is done well.

        Raises
        ------
        StackError
            Otherwise, with the last that it said.
        """
        code = self._code()
        if code is not None and not (code == 0 and self.health is None):
            raise StackError(
                f"{self.name} has ended with code {code}, the last it said: {last_line(self.log)}",
                remedy=f"read {self.log}",
            )

    def restart(self) -> None:
        """Kill it with everything that it started, and start it again, as its restart policy does."""
        if self._process is not None:
            send(session(self._process.pid), signal.SIGKILL)
            self._process.wait()
        self.start()

    def _code(self) -> int | None:
        return self._process.poll() if self._process is not None else None


def answers(health: Healthcheck, environment: Mapping[str, str]) -> bool:
    """Run a health check once; tell whether it went well in its time."""
    try:
        done = subprocess.run(
            health.command, cwd=PROJECT, env=dict(environment), capture_output=True, timeout=health.timeout
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def make_container(service: Service, name: str, places: Places, java: Path) -> Container:
    """Return the container `name` of a service, as a process of this machine.

    Parameters
    ----------
    java
        Folder with the program `java`: the image has one.
    """

    def here(text: str) -> str:
        return places.translated(text, name, service.volumes)

    folders = places.folders(name, service.volumes)
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    scratch = str(places.scratch(name))
    environment = {
        "LANG": "C.UTF-8",
        "HOME": scratch,
        "TMPDIR": scratch,
        "SPARK_LOCAL_DIRS": scratch,
        "SPARK_LOCAL_IP": places.addresses[name],  # how Spark finds the address of the container that it is in
        **{key: here(value) for key, value in image_environment(PROJECT / "Dockerfile").items()},
        **{key: here(value) for key, value in service.environment.items()},
        **marks(places.home, name),
    }
    environment["PATH"] = environment["PATH"].replace("$PATH", f"{java}:{LINUX_PATH}")
    for key, value in environment.items():
        environment[key] = _translated_file(value, here, places.home / "etc" / name)
    program, *arguments = service.command
    command = [program, *(places.addresses.get(argument, here(argument)) for argument in arguments)]
    health = service.health and replace(service.health, command=tuple(map(here, service.health.command)))
    return Container(name, service, command, environment, health, places.home / "logs" / f"{name}.log")


def _translated_file(value: str, here: Callable[[str], str], folder: Path) -> str:
    """Return the path of a copy with this machine's places where `value` names a file of ours that has others'."""
    path = Path(value)
    if not (value.startswith(f"{PROJECT}/") and path.is_file()):
        return value
    text = path.read_text()
    if here(text) == text:
        return value
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / path.name
    copy.write_text(here(text))
    return str(copy)
