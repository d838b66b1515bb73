"""docker-compose.yaml as its readers see it, without Docker: merge keys and files resolved, variables left."""

from __future__ import annotations

from typing import Any

import yaml

from include.settings import PROJECT, read_stack_file
from tests.rehearsal.compose import COMPLETED, environment_of

TEXT = (PROJECT / "docker-compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
for _service in SERVICES.values():
    _service["environment"] = environment_of(_service, PROJECT)
ONE_SHOT = {
    name
    for service in SERVICES.values()
    for name, needed in service.get("depends_on", {}).items()
    if needed["condition"] == COMPLETED
}
EXAMPLE = read_stack_file(PROJECT / ".env.example")
