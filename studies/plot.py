"""The plot of one shop's runs: how good its lists were, and when the watch acted."""

from __future__ import annotations

from include.monitoring import svg
from include.monitoring.verdict import Kind
from studies.report import ShopRuns
from studies.run import SCENARIOS, STABLE

SHOWN_BEFORE = 10


def draw(shop: ShopRuns) -> str:
    """Return one SVG with a panel a scenario: the share of what shoppers want that is on the shelf."""
    panels = []
    for scenario in SCENARIOS[1:]:
        quiet = [record.share for record in shop.quiet[-SHOWN_BEFORE:]]
        watched, unwatched = shop.watched[scenario.name], shop.unwatched[scenario.name]
        series = {
            "stable twin": [*quiet, *(one.share for one in shop.unwatched[STABLE][: scenario.nights])],
            "unwatched": [*quiet, *(one.share for one in unwatched)],
            "watched": [*quiet, *(one.share for one in watched)],
        }
        labels = [str(night - SHOWN_BEFORE + 1) for night in range(len(series["watched"]))]
        marks = {
            SHOWN_BEFORE + place: str(one.verdict) for place, one in enumerate(watched) if one.verdict != Kind.NOTHING
        }
        panels.append((scenario.name, svg.lines(scenario.name, series, labels, marks=marks)))
    parts = []
    for place, (name, panel) in enumerate(panels):
        y = place * (svg.HEIGHT + 24)
        parts.append(f'<text x="4" y="{y + 14}" font-size="13" font-family="sans-serif">{name}</text>')
        parts.append(f'<g transform="translate(0 {y + 20})">{panel}</g>')
    height = len(panels) * (svg.HEIGHT + 24)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {svg.WIDTH} {height}" width="{svg.WIDTH}" '
        f'height="{height}"><rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>\n'
    )
