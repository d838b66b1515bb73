"""The evaluation's report: what the gate reads and a person opens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from include.errors import MissingArtifactError

CHALLENGER = "challenger"
INCUMBENT = "incumbent"
POPULARITY = "popularity"
# Path below the staging folder; the lake adds a tag of the content to the name.
FILE = "report.json"


def write_report(report: Mapping[str, Any]) -> bytes:
    """Return the report as JSON; equal reports give equal bytes."""
    return (json.dumps(report, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()


def read_report(data: bytes, where: str) -> dict[str, Any]:
    """Return the report that `write_report` wrote.

    Raises
    ------
    MissingArtifactError
        When it is no JSON, or lacks what the gate reads.
    """
    try:
        report: dict[str, Any] = json.loads(data)
        for model in (CHALLENGER, POPULARITY):
            report["models"][model]["metrics"]["users"]
    except (ValueError, KeyError, TypeError) as error:
        raise MissingArtifactError(
            f"{where} is no evaluation report: {error!r}",
            remedy="delete its folder, clear `evaluate`, and what follows",
        ) from error
    return report


def headlines(report: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return the headline metrics of each model, rounded for people."""
    return {
        name: {key: round(value, 4) if isinstance(value, float) else value for key, value in model["metrics"].items()}
        for name, model in report["models"].items()
    }
