"""The stack of docker-compose.yaml, started in the order of its dependencies and watched until it is stopped."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from devstack.home import Home
from devstack.java import find_java
from devstack.ports import LOCALHOST, free_port
from devstack.postgres import Postgres
from devstack.processes import end_marked
from devstack.progress import Display
from devstack.s3 import S3Server
from include.errors import StackError
from include.settings import PROJECT, load_settings, read_stack_file
from tests.rehearsal.compose import Service, read_services
from tests.rehearsal.container import Container, make_container
from tests.rehearsal.places import Places, random_subnet
from tests.rehearsal.servers import PostgresServer, Receiver, S3Storage

COMPOSE = PROJECT / "docker-compose.yaml"
ENV = PROJECT / "scripts" / "env.sh"
SCALE = {"spark-worker": 2}
SIZES = ("SPARK_WORKER_CORES", "SPARK_WORKER_MEMORY", "SPARK_DRIVER_MEMORY")
LOOK_SECONDS = 1.0
GRACE_SECONDS = 20.0


class Part(Protocol):
    """One container, or the server that stands for it."""

    @property
    def name(self) -> str:
        """Its own."""

    @property
    def service(self) -> Service:
        """What it is one of."""

    @property
    def log(self) -> Path:
        """What it says."""

    def start(self) -> None:
        """Begin; what it needs is ready."""

    def ready(self) -> bool:
        """Tell whether what needs it may begin; an error when it has ended."""

    def check(self) -> None:
        """Raise an error when it has ended."""


@dataclass
class Stack:
    """Everything that is started; see `open_stack`.

    Attributes
    ----------
    values
        What `.env` says.
    left_out
        Services whose programs are others' and that nothing stands for.
    """

    home: Home
    values: Mapping[str, str]
    places: Places
    postgres: PostgresServer
    s3: S3Storage
    metrics: Receiver
    containers: Mapping[str, Container]
    left_out: Sequence[str]
    _begun: dict[str, float] = field(default_factory=dict)
    _ready: set[str] = field(default_factory=set)

    @property
    def parts(self) -> list[Part]:
        """All of them, servers first."""
        return [self.postgres, self.s3, self.metrics, *self.containers.values()]

    def start(self, display: Display) -> None:
        """Start each part once what it needs is ready, until all are.

        Raises
        ------
        StackError
            When one ends, or is not healthy in the time that its health check allows.
        """
        with display.work("starting the stack", len(self.parts), "parts") as work:
            while len(self._ready) < len(self.parts):
                for part in self.parts:
                    if part.name not in self._begun and self._may_start(part):
                        self._begun[part.name] = time.monotonic()
                        part.start()
                    if part.name in self._begun and part.name not in self._ready:
                        self._look(part, display)
                work.update(len(self._ready), ", ".join(sorted(self._begun.keys() - self._ready)))
                time.sleep(LOOK_SECONDS)

    def check(self) -> None:
        """Make sure that nothing has ended that must run.

        Raises
        ------
        StackError
            Naming the first that has.
        """
        for part in self.parts:
            part.check()

    def unhealthy(self) -> list[str]:
        """Ask every part once; return those that do not answer as they should."""
        return [part.name for part in self.parts if not part.ready()]

    def stop(self) -> None:
        """End everything; what it stored stays."""
        end_marked(self.home.root, grace_seconds=GRACE_SECONDS)
        self.metrics.stop()
        self.s3.server.stop()
        self.postgres.server.stop()

    def delete(self) -> None:
        """Delete what a stopped stack has stored."""
        self.postgres.server.remove()
        shutil.rmtree(self.home.root)

    def _may_start(self, part: Part) -> bool:
        return all(other.name in self._ready for other in self.parts if other.service.name in part.service.needs)

    def _look(self, part: Part, display: Display) -> None:
        took = time.monotonic() - self._begun[part.name]
        if part.ready():
            self._ready.add(part.name)
            display.say(f"  ✓ {part.name}  ready after {took:.0f} s")
        elif part.service.health is not None and took > part.service.health.patience:
            raise StackError(f"{part.name} is not healthy after {took:.0f} s", remedy=f"read {part.log}")


def open_stack(root: Path, environment: Mapping[str, str]) -> Stack:
    """Return the stack, to be started in the folder `root`.

    Parameters
    ----------
    environment
        The process's own: where Java is, and what of `SIZES` it changes.

    Raises
    ------
    NightshelfError
        When a program is missing, or the compose file needs what `.env` has not.
    """
    home = _make_home(root)
    values = _make_values(root / ".env", environment)
    services = read_services(COMPOSE, values)
    metrics = Receiver(services["prometheus"], home.logs / "prometheus.log")
    ports = {"postgres": free_port(), "s3": free_port(), metrics.name: metrics.port}
    ours = {name: service for service in services.values() if service.ours for name in _names(service)}
    subnet = random_subnet()
    places = Places(
        home=root,
        cache=load_settings(environment).cache,
        addresses={name: f"{subnet}.{number}" for number, name in enumerate(ours, 1)},
        servers={name: f"{LOCALHOST}:{port}" for name, port in ports.items()},
    )
    java = find_java(environment) / "bin"
    return Stack(
        home=home,
        values=values,
        places=places,
        postgres=PostgresServer(
            services["postgres"], Postgres(root, ports["postgres"], environment, bare=True), home.logs / "postgres.log"
        ),
        s3=S3Storage(services["s3"], S3Server(home, ports["s3"]), home.logs / "s3.log"),
        metrics=metrics,
        containers={name: make_container(service, name, places, java) for name, service in ours.items()},
        left_out=[name for name, service in services.items() if not service.ours and name not in ports],
    )


def _make_home(root: Path) -> Home:
    """Make the folders; none but `root` itself, which PostgreSQL's account passes through, is open to others."""
    home = Home(root)
    home.make()
    root.chmod(0o711)
    for folder in (home.logs, home.run, home.airflow, root / "volumes", root / "tmp", root / "etc"):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o700)
    return home


def _make_values(path: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return what `make env` writes, with the sizes that were asked for or suit this machine."""
    subprocess.run([ENV, path], check=True, capture_output=True)
    cores = max(1, len(os.sched_getaffinity(0)) // SCALE["spark-worker"])
    sizes = {"SPARK_WORKER_CORES": str(cores), **{name: environment[name] for name in SIZES if environment.get(name)}}
    return {**read_stack_file(path), **sizes}


def _names(service: Service) -> list[str]:
    """Return the names of a service's containers."""
    if service.name not in SCALE:
        return [service.name]
    return [f"{service.name}-{number}" for number in range(1, SCALE[service.name] + 1)]
