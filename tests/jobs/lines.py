"""The command line of any job, by name."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any


def parse_line(job: str, line: Sequence[str]) -> Any:
    """Return the config that `python -m jobs.<job> <line>` would run with."""
    return importlib.import_module(f"jobs.{job}").parse_args(line)
