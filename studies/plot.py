"""The plot of one shop's runs: how good its lists were, and when the watch acted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.monitoring.plots import HEIGHT, add_lines, draw
from include.monitoring.verdict import Kind
from studies.run import SCENARIOS, STABLE, ShopRuns

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN_BEFORE = 10


def draw_shop(shop: ShopRuns) -> str:
    """Return one SVG with a panel a scenario: the share of what users want that is in their lists."""
    faults = SCENARIOS[1:]

    def fill(figure: Figure) -> None:
        quiet = [record.share for record in shop.quiet[-SHOWN_BEFORE:]]
        for axes, scenario in zip(figure.subplots(len(faults)), faults, strict=True):
            watched = shop.watched[scenario.name]
            runs = {
                "stable twin": shop.unwatched[STABLE][: scenario.nights],
                "unwatched": shop.unwatched[scenario.name],
                "watched": watched,
            }
            series = {name: [*quiet, *(one.share for one in records)] for name, records in runs.items()}
            labels = [str(night - SHOWN_BEFORE + 1) for night in range(len(series["watched"]))]
            marks = {n: str(one.verdict) for n, one in enumerate(watched, SHOWN_BEFORE) if one.verdict != Kind.NOTHING}
            add_lines(axes, series, labels, marks)
            axes.set_title(scenario.name, loc="left", pad=18)

    return draw(fill, len(faults) * HEIGHT) + "\n"
