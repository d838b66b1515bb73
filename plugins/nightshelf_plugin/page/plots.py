"""The plots of the last nights."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from include.pages import Curve, Plot
from nightshelf_plugin.page.nights import NightRun

Night = Mapping[str, Any]


def plots(nights: Sequence[Night], runs: Mapping[dt.date, NightRun]) -> list[Plot]:
    """Return how the nights did, the oldest first."""
    labels = [f"{night['run_date']:%d %b}" for night in nights]
    k = next((night["k"] for night in reversed(nights) if night["k"]), None)
    took = [_minutes(runs.get(night["run_date"])) for night in nights]
    shelf, popular = _column(nights, "on_shelf"), _column(nights, "popular_on_shelf")
    return [
        Plot(
            f"Recall@{k or 'k'} of the challenger and of popularity",
            _last("Challenger", _column(nights, "metric")) + _last("popularity", _column(nights, "popularity")),
            labels,
            [
                Curve("challenger", _column(nights, "metric"), *_ends(nights)),
                Curve("popularity", _column(nights, "popularity")),
            ],
            "figure",
        ),
        Plot(
            "New purchases and visits that were on the user's list",
            _last("On the list", shelf) + _last("on the popular list", popular),
            labels,
            [Curve("on the list", shelf), Curve("on the list of popular items", popular)],
            "share",
        ),
        Plot(
            "Minutes from the landing to the end", _last("The last night took", took), labels, [Curve("minutes", took)]
        ),
        Plot(
            "Rows delivered",
            _last("Ingested", _column(nights, "ingested")),
            labels,
            [Curve(name, _column(nights, name)) for name in ("ingested", "quarantined", "duplicates")],
            bars=True,
        ),
    ]


def _minutes(run: NightRun | None) -> float | None:
    return run.seconds / 60 if run is not None and run.seconds is not None else None


def _ends(nights: Sequence[Night]) -> tuple[list[float | None], list[float | None]]:
    """Return the interval of the difference, laid around the challenger's figure."""
    both = [[_sum(night["popularity"], night[end]) for night in nights] for end in ("low", "high")]
    return both[0], both[1]


def _sum(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first + second


def _column(nights: Sequence[Night], name: str) -> list[float | None]:
    return [night[name] for night in nights]


def _last(name: str, values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{name} {known[-1]:.4g}, between {min(known):.4g} and {max(known):.4g}. " if known else ""
