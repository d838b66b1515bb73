"""Evaluation reports as `evaluate` writes them, with given figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from include.evaluation.comparison import ALL, EVERYONE, LITTLE_HISTORY, NEW_ITEMS, NEW_USERS, UNSEEN

GROUPS = (EVERYONE, LITTLE_HISTORY, NEW_USERS)
SANE = {"coverage": 0.5, "overlap": 0.5, "empty": 0.0}


def make_report(
    challenger: float | None,
    popularity: float = 0.1,
    champion: float | None = None,
    recipe: float | None = None,
    *,
    users: int = 100,
    half: float = 0.01,
    metric: str = "recall",
    groups: Mapping[str, Mapping[str, float]] | None = None,
    sanity: Mapping[str, Any] | None = None,
    lacks: str | None = None,
) -> dict[str, Any]:
    """Return a report in which each interval reaches `half` to both sides.

    Parameters
    ----------
    groups
        By group ("little_history", "new_users", "new_items") and model, another value than everyone's.
    """
    given = {"challenger": challenger, "popularity": popularity, "champion": champion, "champion_recipe": recipe}
    models: dict[str, Any] = {}
    differences: dict[str, Any] = {}

    def value(name: str, group: str) -> float:
        found = (groups or {}).get(group, {}).get(name, given[name])
        assert found is not None
        return found

    for name, own in given.items():
        if own is None:
            continue
        views = {
            view: {
                group: {"users": users, metric: value(name, NEW_ITEMS if view == NEW_ITEMS else group)}
                for group in GROUPS
            }
            for view in (ALL, UNSEEN, NEW_ITEMS)
        }
        models[name] = {"version": name, "views": views, "metrics": {"users": users, metric: own, "coverage": 0.5}}
        if challenger is not None and name != "challenger":
            differences[name] = {
                view: {
                    group: {metric: _around(models["challenger"]["views"][view][group][metric] - entry[metric], half)}
                    for group, entry in shown.items()
                }
                for view, shown in views.items()
            }
    return {
        "run_date": "2026-01-31", "k": 20, "view": UNSEEN, "variant": "main", "model_version": "2",
        "champion": None if champion is None else "1", "lacks": lacks, "models": models, "differences": differences,
        "sanity": {**SANE, **(sanity or {})},
    }  # fmt: skip


def _around(difference: float, half: float) -> tuple[float, float, float]:
    return difference, difference - half, difference + half
