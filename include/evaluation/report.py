"""The evaluation's report: what the gate reads and a person opens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from include.errors import MissingArtifactError

CHALLENGER = "challenger"
CHAMPION = "champion"
CHAMPION_RECIPE = "champion_recipe"
"""The champion's recipe, fitted on the data of the challenger."""
POPULARITY = "popularity"
LACKS = "lacks"
"""What the data lacks for a model; then there is no challenger."""
OLD_CHAMPION = "incumbent"
"""The champion in decisions of former releases."""
TUNING = "tuning"
"""The number of the search that found the challenger's settings, None where they are the policy's."""
FILE = "report.json"


def check_report(report: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return a report that was read from the lake.

    Raises
    ------
    MissingArtifactError
        When it lacks what the gate reads, as those of former releases do.
    """
    try:
        report["models"][POPULARITY]["metrics"]["users"]
        if not report[LACKS]:
            report["models"][CHALLENGER]["views"], report["differences"][POPULARITY], report["sanity"]
    except (KeyError, TypeError) as error:
        raise MissingArtifactError(
            f"{where} is no evaluation report of this release: {error!r} is missing",
            remedy="delete its folder, clear `evaluate`, and what follows",
        ) from error
    return dict(report)


def metrics_of_champion(metrics: Mapping[str, Any]) -> Any:
    """Return the champion's metrics among those of a recorded decision, None without a champion."""
    return metrics.get(CHAMPION, metrics.get(OLD_CHAMPION))


def headlines(report: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return the headline metrics of each model, rounded for people."""
    return {
        name: {key: round(value, 4) if isinstance(value, float) else value for key, value in model["metrics"].items()}
        for name, model in report["models"].items()
    }
