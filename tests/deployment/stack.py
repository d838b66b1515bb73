"""docker-compose.yaml and the Dockerfile as their readers see them, without Docker: merge keys and files resolved."""

from __future__ import annotations

import re
from typing import Any

import yaml

from include.settings import PROJECT, read_stack_file

VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_0-9]+)(?P<rest>[^}]*)\}")
COMPLETED = "service_completed_successfully"
UNITS = {"h": 3600, "m": 60, "s": 1}

TEXT = (PROJECT / "docker-compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
for _service in SERVICES.values():
    _files = [read_stack_file(PROJECT / name) for name in _service.get("env_file", [])]
    _shared = {name: value for found in _files for name, value in found.items()}
    _service["environment"] = {**_shared, **_service.get("environment", {})}
ONE_SHOT = {
    name
    for service in SERVICES.values()
    for name, needed in service.get("depends_on", {}).items()
    if needed["condition"] == COMPLETED
}
TOOLS = {name for name, service in SERVICES.items() if "profiles" in service}  # not started by `up`
EXAMPLE = read_stack_file(PROJECT / ".env.example")
DOCKERFILE = (PROJECT / "Dockerfile").read_text()


def with_defaults(text: str) -> str:
    """Return a text as compose reads it when none of its variables is set: `${A:-default}` becomes `default`."""
    return VARIABLE.sub(lambda match: match["rest"].removeprefix(":").removeprefix("-"), text)


def seconds(duration: str) -> int:
    """Return a duration such as 3h10m in seconds."""
    return sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)([hms])", duration))


def image_environment() -> dict[str, str]:
    """Return the variables that the last stage of the Dockerfile sets; `$PATH` in them stays as it is."""
    joined = re.sub(r"\\\n", " ", DOCKERFILE)
    stage = joined[joined.rindex("\nFROM ") :]
    lines = re.findall(r"^ENV (.+)$", stage, re.MULTILINE)
    return dict(pair.split("=", 1) for line in lines for pair in line.split())
