"""docker-compose.yaml as its readers see it, without Docker: merge keys resolved, variables left as they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from include.settings import PROJECT, read_stack_file

TEXT = (PROJECT / "docker-compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONE_SHOT = {
    name
    for service in SERVICES.values()
    for name, needed in service.get("depends_on", {}).items()
    if needed["condition"] == "service_completed_successfully"
}
EXAMPLE = read_stack_file(PROJECT / ".env.example")
VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_0-9]+)(?P<rest>[^}]*)\}")
UNITS = {"h": 3600, "m": 60, "s": 1}


def seconds(duration: str) -> int:
    """Return a duration such as 3h10m in seconds."""
    return sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)([hms])", duration))


def filled(value: object, values: Mapping[str, str]) -> str:
    """Return a text with its variables replaced, as compose does it."""

    def replace(match: re.Match[str]) -> str:
        default = re.match(r":?-(.*)", match["rest"])
        return values.get(match["name"]) or (default[1] if default else "")

    return VARIABLE.sub(replace, str(value))
