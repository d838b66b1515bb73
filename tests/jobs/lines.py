"""The command line of any job, by name."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any


def parse_line(job: str, line: Sequence[str]) -> Any:
    """Return the config that `python -m jobs.<job> <line>` would run with."""
    module = importlib.import_module(f"jobs.{job}")
    return module.parse_args(line) if hasattr(module, "parse_args") else module.arguments().parse_args(line)
