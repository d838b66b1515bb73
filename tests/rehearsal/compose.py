"""docker-compose.yaml and the Dockerfile as Docker reads them, as far as these two files go."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from include.errors import ConfigurationError
from include.settings import read_stack_file

VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_0-9]+)(?P<rest>[^}]*)\}")
UNITS = {"h": 3600, "m": 60, "s": 1}
COMPLETED = "service_completed_successfully"


@dataclass(frozen=True)
class Healthcheck:
    """How a container is asked whether it is healthy.

    Attributes
    ----------
    timeout
        Seconds that one check may take.
    patience
        Seconds after the start at which Docker would call it unhealthy if no check went well.
    """

    command: tuple[str, ...]
    timeout: int
    patience: int


@dataclass(frozen=True)
class Service:
    """One service of the compose file, its variables filled in.

    Attributes
    ----------
    ours
        Whether it runs the image of the Dockerfile.
    command
        The program and its arguments; empty where the image's own command is meant.
    needs
        Condition by service that must be met before this one starts.
    volumes
        Folder in the container by named volume.
    health
        None for a service that does its work and ends.
    """

    name: str
    ours: bool
    command: tuple[str, ...]
    environment: Mapping[str, str]
    needs: Mapping[str, str]
    volumes: Mapping[str, str]
    health: Healthcheck | None


def read_services(path: Path, values: Mapping[str, str]) -> dict[str, Service]:
    """Return the services of a compose file by name.

    Parameters
    ----------
    values
        What `.env` says.

    Raises
    ------
    ConfigurationError
        When a variable is not set that must be.
    """
    services = yaml.safe_load(path.read_text())["services"]
    return {name: _service(name, found, values, path.parent) for name, found in services.items()}


def environment_of(service: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return a service's variables: those of its files, below `folder`, and its own, which win."""
    files = [read_stack_file(folder / name) for name in service.get("env_file", [])]
    return {**{name: value for found in files for name, value in found.items()}, **service.get("environment", {})}


def filled(text: object, values: Mapping[str, str]) -> str:
    """Return a text with its variables replaced: `${A}`, `${A-default}`, `${A:-default}`, `${A:?problem}`.

    Raises
    ------
    ConfigurationError
        For the last, when the variable is empty or not set.
    """

    def replace(match: re.Match[str]) -> str:
        name, rest = match["name"], match["rest"]
        value = values.get(name, "")
        if rest.startswith(":?") and not value:
            raise ConfigurationError(f"{name} is not set", remedy=rest.removeprefix(":?"))
        use_default = not value if rest.startswith(":-") else name not in values
        return rest.removeprefix(":").removeprefix("-") if use_default and rest.startswith(("-", ":-")) else value

    return VARIABLE.sub(replace, str(text))


def seconds(duration: str) -> int:
    """Return a duration such as 3h10m in seconds."""
    return sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)([hms])", duration))


def image_environment(dockerfile: Path) -> dict[str, str]:
    """Return the variables that the last stage of a Dockerfile sets; `$PATH` in them stays as it is."""
    joined = re.sub(r"\\\n", " ", dockerfile.read_text())
    stage = joined[joined.rindex("\nFROM ") :]
    lines = re.findall(r"^ENV (.+)$", stage, re.MULTILINE)
    return dict(pair.split("=", 1) for line in lines for pair in line.split())


def _service(name: str, service: Mapping[str, Any], values: Mapping[str, str], folder: Path) -> Service:
    volumes = (volume.split(":") for volume in service.get("volumes", []))
    return Service(
        name=name,
        ours=service["image"].startswith("nightshelf:"),
        command=_words(service.get("command", []), values),
        environment={key: filled(value, values) for key, value in environment_of(service, folder).items()},
        needs={other: how["condition"] for other, how in service.get("depends_on", {}).items()},
        volumes={source: folder for source, folder, *_ in volumes if not source.startswith(".")},
        health=_health(service.get("healthcheck", {}), values),
    )


def _health(check: Mapping[str, Any], values: Mapping[str, str]) -> Healthcheck | None:
    if "test" not in check:
        return None
    waited = seconds(check["start_period"]) + check["retries"] * seconds(check["interval"])
    return Healthcheck(_words(check["test"][1:], values), seconds(check["timeout"]), waited)


def _words(words: Sequence[object], values: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(filled(word, values) for word in words)
