"""The evaluation's report: what the gate reads and a person opens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from include.errors import MissingArtifactError

CHALLENGER = "challenger"
CHAMPION = "champion"
POPULARITY = "popularity"
OLD_CHAMPION = "incumbent"
"""The champion in reports and decisions of former releases."""
FILE = "report.json"


def check_report(report: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return a report that was read from the lake, in today's words.

    Raises
    ------
    MissingArtifactError
        When it lacks what the gate reads.
    """
    try:
        for model in (CHALLENGER, POPULARITY):
            report["models"][model]["metrics"]["users"]
    except (KeyError, TypeError) as error:
        raise MissingArtifactError(
            f"{where} is no evaluation report: {error!r}",
            remedy="delete its folder, clear `evaluate`, and what follows",
        ) from error
    return {**_renamed(report), "models": _renamed(report["models"])}


def metrics_of_champion(metrics: Mapping[str, Any]) -> Any:
    """Return the champion's metrics among those of a recorded decision, None without a champion."""
    return _renamed(metrics).get(CHAMPION)


def _renamed(values: Mapping[str, Any]) -> dict[str, Any]:
    return {CHAMPION if name == OLD_CHAMPION else name: value for name, value in values.items()}


def headlines(report: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return the headline metrics of each model, rounded for people."""
    return {
        name: {key: round(value, 4) if isinstance(value, float) else value for key, value in model["metrics"].items()}
        for name, model in report["models"].items()
    }
