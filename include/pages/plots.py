"""Plots as numbers for SVG: `templates/macros.html` draws them in the page's own colours, light or dark.

No numpy and no matplotlib: the page in Airflow's UI draws a handful of them for each request.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 12, 28
STEPS, LABELS = 4, 5
Value = float | int | None
Format = Literal["number", "share", "figure"]


@dataclass(frozen=True)
class Curve:
    """Values at the plot's steps, None where there is none.

    Attributes
    ----------
    low, high
        Ends of an interval around each value, if there is one.
    """

    name: str
    values: Sequence[Value]
    low: Sequence[Value] = ()
    high: Sequence[Value] = ()


@dataclass(frozen=True)
class Plot:
    """Curves or stacked bars over equal steps.

    Attributes
    ----------
    title, summary
        What is shown, and what a person who cannot see it should know.
    labels
        One a step.
    form
        How values are written, a filter of `include.pages.rendering`.
    bars
        Stack the values instead of joining them.
    zero
        Let the axis begin at 0.
    """

    title: str
    summary: str
    labels: Sequence[str]
    curves: Sequence[Curve]
    form: Format = "number"
    bars: bool = False
    zero: bool = True
    marks: Mapping[int, str] = field(default_factory=dict)

    @property
    def box(self) -> str:
        return f"0 0 {WIDTH} {HEIGHT}"

    @property
    def is_empty(self) -> bool:
        return not any(value is not None for curve in self.curves for value in curve.values)

    @cached_property
    def ticks(self) -> list[float]:
        """The values at the lines across the plot, from the lowest to the highest."""
        low, high = self._extent
        step = _round_up((high - low) / STEPS)
        first = math.floor(low / step + 1e-9)
        return [step * place for place in range(first, math.ceil(high / step - 1e-9) + 1)]

    def x(self, step: float) -> float:
        """Return where a step is: in the middle of its share of the width."""
        share = (step + 0.5) / max(len(self.labels), 1)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        """Return how far from the top a value is."""
        low, high = self.ticks[0], self.ticks[-1]
        return round(HEIGHT - BOTTOM - (value - low) / ((high - low) or 1) * (HEIGHT - TOP - BOTTOM), 1)

    def named_steps(self) -> list[tuple[int, str]]:
        """Return the steps with a label below: as many as there is room for, the last one among them."""
        every = max(1, math.ceil(len(self.labels) / LABELS))
        return [(step, self.labels[step]) for step in range(len(self.labels) - 1, -1, -every)][::-1]

    def lines(self, curve: Curve) -> list[str]:
        """Return the points of each unbroken part of a curve, as `<polyline>` takes them."""
        return [self._points(part) for part in _parts(curve.values)]

    def bands(self, curve: Curve) -> list[str]:
        """Return the corners of each unbroken part of a curve's interval, as `<polygon>` takes them."""
        lows, highs = _parts(curve.low), _parts(curve.high)
        return [f"{self._points(low)} {self._points(high[::-1])}" for low, high in zip(lows, highs, strict=True)]

    def rectangles(self) -> Iterator[tuple[int, int, float, float, float, float]]:
        """Yield number of curve and step, x, y, width and height of each bar, lower ones first."""
        width = max(1.0, (WIDTH - LEFT - RIGHT) / max(len(self.labels), 1) * 0.7)
        for step in range(len(self.labels)):
            base = 0.0
            for number, curve in enumerate(self.curves):
                value = curve.values[step] or 0
                top, bottom = self.y(base + value), self.y(base)
                yield number, step, round(self.x(step) - width / 2, 1), top, round(width, 1), round(bottom - top, 1)
                base += value

    @property
    def _extent(self) -> tuple[float, float]:
        if self.bars:
            sums = [sum(curve.values[step] or 0 for curve in self.curves) for step in range(len(self.labels))]
            known: list[float] = [0, *sums]
        else:
            rows = [row for curve in self.curves for row in (curve.values, curve.low, curve.high)]
            known = [value for row in rows for value in row if value is not None] or [0]
            known += [0] if self.zero else []
        low, high = min(known), max(known)
        return (low, high) if high > low else (low, low + 1)

    def _points(self, part: Sequence[tuple[int, float]]) -> str:
        return " ".join(f"{self.x(step)},{self.y(value)}" for step, value in part)


def _parts(values: Sequence[Value]) -> list[list[tuple[int, float]]]:
    """Return the runs of values without a gap, each value with its step."""
    parts: list[list[tuple[int, float]]] = [[]]
    for step, value in enumerate(values):
        if value is None:
            parts.append([])
        else:
            parts[-1].append((step, value))
    return [part for part in parts if part]


def _round_up(step: float) -> float:
    """Return the next of 1, 2, 2.5, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(round(power * each, 12) for each in (1, 2, 2.5, 5, 10) if power * each >= step * (1 - 1e-9))
