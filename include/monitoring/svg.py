"""Plots as inline SVG: lines over days, and bars side by side. No library, no script, nothing to load."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 720, 220, 56, 34, 12
COLOURS = ("#1f5fa8", "#c2571a", "#4c8c4a", "#8a4fa0", "#777777", "#b5403a", "#2a8f9c")


def lines(
    title: str, series: Mapping[str, Sequence[float]], labels: Sequence[str], *, marks: Mapping[int, str] | None = None
) -> str:
    """Return curves over equal steps; NaN interrupts a curve, `marks` put a word at a place."""
    values = [value for curve in series.values() for value in curve if math.isfinite(value)]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    low, high = (low, high) if high > low else (low - 0.5, high + 0.5)
    steps = max(len(labels) - 1, 1)

    def place(index: int, value: float) -> str:
        x = LEFT + index * (WIDTH - LEFT - 10) / steps
        y = TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM)
        return f"{x:.1f},{y:.1f}"

    parts = [_axis(low, TOP + HEIGHT - TOP - BOTTOM), _axis(high, TOP)]
    for colour, (name, curve) in zip(COLOURS, series.items(), strict=False):
        for points in _pieces(curve, place):
            parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.6" points="{points}"/>')
        parts.append(_legend(name, colour, list(series).index(name)))
    for index, word in (marks or {}).items():
        x = place(index, low).split(",")[0]
        parts.append(
            f'<line x1="{x}" x2="{x}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="#999" stroke-dasharray="3 3"/>'
        )
        parts.append(f'<text x="{x}" y="{TOP + 10}" font-size="10" fill="#555">{html.escape(word)}</text>')
    parts += [_tick(labels, index, steps) for index in sorted({0, len(labels) // 2, len(labels) - 1}) if labels]
    return _frame(title, parts)


def bars(title: str, then: Mapping[str, float], now: Mapping[str, float], most: int = 20) -> str:
    """Return shares then and now side by side, the largest first; what is left is not shown."""
    names = sorted({*then, *now}, key=lambda name: -(then.get(name, 0) + now.get(name, 0)))[:most]
    top = max([*(then.get(name, 0) for name in names), *(now.get(name, 0) for name in names), 1e-9])
    slot = (WIDTH - LEFT - 10) / max(len(names), 1)
    parts = [
        _axis(top, TOP),
        _axis(0.0, HEIGHT - BOTTOM),
        _legend("reference", COLOURS[4], 0),
        _legend("day", COLOURS[0], 1),
    ]
    for place, name in enumerate(names):
        for shift, (shares, colour) in enumerate(((then, COLOURS[4]), (now, COLOURS[0]))):
            height = shares.get(name, 0) / top * (HEIGHT - TOP - BOTTOM)
            x = LEFT + place * slot + shift * slot * 0.4
            parts.append(
                f'<rect x="{x:.1f}" y="{HEIGHT - BOTTOM - height:.1f}" width="{slot * 0.38:.1f}" height="{height:.1f}" '
                f'fill="{colour}"><title>{html.escape(name)}: {shares.get(name, 0):.2%}</title></rect>'
            )
        x = LEFT + place * slot
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 12}" font-size="8">{html.escape(name[:12])}</text>')
    return _frame(title, parts)


def _pieces(curve: Sequence[float], place: object) -> list[str]:
    pieces: list[list[str]] = [[]]
    for index, value in enumerate(curve):
        if math.isfinite(value):
            pieces[-1].append(place(index, value))  # type: ignore[operator]
        elif pieces[-1]:
            pieces.append([])
    return [" ".join(piece) for piece in pieces if piece]


def _axis(value: float, y: float) -> str:
    line = f'<line x1="{LEFT}" x2="{WIDTH - 10}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
    return f'{line}<text x="4" y="{y + 4:.1f}" font-size="10">{value:.4g}</text>'


def _legend(name: str, colour: str, place: int) -> str:
    x = LEFT + 8 + place * 108
    return f'<text x="{x}" y="{HEIGHT - 4}" font-size="10" fill="{colour}">{html.escape(name)}</text>'


def _tick(labels: Sequence[str], index: int, steps: int) -> str:
    x, y = LEFT + index * (WIDTH - LEFT - 10) / steps, HEIGHT - BOTTOM + 14
    anchor = "end" if index == len(labels) - 1 and index else "start"
    return f'<text x="{x:.1f}" y="{y}" font-size="10" text-anchor="{anchor}">{html.escape(labels[index])}</text>'


def _frame(title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="sans-serif" role="img"><title>{html.escape(title)}</title>{"".join(parts)}</svg>'
    )
