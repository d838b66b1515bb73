"""Plots by matplotlib as SVG to be put into a page: nothing is loaded, and equal input gives equal text."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 7.5, 2.4  # inches
BEFORE, NOW = "#999999", "#1f5fa8"
COLOURS = ("#1f5fa8", "#c2571a", "#4c8c4a", "#8a4fa0")
LABELS, LABEL_LENGTH, MANY = 6, 14, 8
STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "nightshelf",
    "text.parse_math": False,
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "legend.frameon": False,
}


def draw(fill: Callable[[Figure], None], height: float = HEIGHT) -> str:
    """Return the figure that `fill` draws as an SVG element; `height` in inches."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        fill(figure)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    drawn = text.getvalue()
    return drawn[drawn.index("<svg") :]


def plot_lines(series: Mapping[str, Sequence[float]], labels: Sequence[str]) -> str:
    """Return curves over equal steps as SVG, see `add_lines`."""
    return draw(lambda figure: add_lines(figure.add_subplot(), series, labels))


def add_lines(
    axes: Axes, series: Mapping[str, Sequence[float]], labels: Sequence[str], marks: Mapping[int, str] | None = None
) -> None:
    """Draw curves over equal steps; NaN interrupts a curve, `marks` put a word at a step."""
    for colour, (name, curve) in zip(COLOURS, series.items(), strict=False):
        axes.plot(curve, label=name, color=colour, linewidth=1.3, gid=f"curve-{name.replace(' ', '-')}")
    for step, word in (marks or {}).items():
        axes.axvline(step, color=BEFORE, linewidth=0.8, linestyle="--")
        axes.annotate(word, (step, 1), xycoords=("data", "axes fraction"), fontsize=7, va="bottom", rotation=30)
    steps = range(0, len(labels), max(1, len(labels) // LABELS))
    axes.set_xticks(steps, [labels[step] for step in steps])
    axes.margins(x=0.01)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))


def plot_shares(then: Mapping[str, int], now: Mapping[str, int], most: int = 20) -> str:
    """Return two histograms side by side as SVG, in shares and the largest first; what is beyond `most` is left out."""
    shares = [{value: count / (sum(one.values()) or 1) for value, count in one.items()} for one in (then, now)]
    values = sorted({*then, *now}, key=lambda value: (-sum(one.get(value, 0) for one in shares), value))[:most]

    def fill(figure: Figure) -> None:
        from matplotlib.ticker import PercentFormatter

        axes = figure.add_subplot()
        for shift, share, colour, name in zip((-0.2, 0.2), shares, (BEFORE, NOW), ("reference", "day"), strict=True):
            heights = [share.get(value, 0) for value in values]
            places = [place + shift for place in range(len(values))]
            bars = axes.bar(places, heights, width=0.38, color=colour, label=name)
            axes.bar_label(bars, [f"{height:.1%}" for height in heights], fontsize=5 if len(values) > MANY else 7)
        names = [value if len(value) <= LABEL_LENGTH else f"{value[: LABEL_LENGTH - 1]}…" for value in values]
        crowded: Any = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if len(values) > MANY else {}
        axes.set_xticks(range(len(values)), names, **crowded)
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.legend(loc="upper right")

    return draw(fill)
