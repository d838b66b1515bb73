"""The Jinja environment of all pages: everything is escaped, nothing may be undefined."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.pages.plots import Format

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).resolve().parent / "templates"
STYLE = TEMPLATES / "style.css"
NONE = "–"


def make_environment(templates: Path) -> Environment:
    """Return the environment of the pages in `templates`, which may extend and import those of this package."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader([templates, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {one.__name__: one for one in (number, share, figure, seconds, moment, signed, interval, in_lake)}
    made.filters |= {"form": form, "tick": tick}
    return made


def form(value: float | None, name: Format) -> str:
    """Return a value of a plot in words."""
    return FORMS[name](value)


def tick(value: float, name: Format) -> str:
    """Return the value at a line of a plot, as short as it can be."""
    if name == "share":
        return f"{value * 100:.3g} %"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value / 1000:,.4g}k" if value < 1e6 else f"{value / 1e6:,.4g}M"


def number(value: float | None) -> str:
    """Return a count or an amount: 1,234 or 0.25."""
    if value is None:
        return NONE
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 100 else f"{value:,.2f}".rstrip("0")


def share(value: float | None, digits: int = 1) -> str:
    """Return a share in per cent, 0.0123 as 1.2 %."""
    return NONE if value is None or math.isnan(value) else f"{value:.{digits}%}".replace("%", " %")


def figure(value: float | None) -> str:
    """Return a metric with four digits."""
    return NONE if value is None else f"{value:.4f}"


def signed(value: float | None) -> str:
    """Return a difference with its sign."""
    return NONE if value is None else f"{value:+.4f}".replace("-", "−")


def interval(ends: tuple[float | None, float | None]) -> str:
    """Return the ends of an interval in brackets."""
    low, high = ends
    return NONE if low is None or high is None else f"[{signed(low)}, {signed(high)}]"


def seconds(value: float | None) -> str:
    """Return a duration for people: 95 s, 12 min, 1 h 5 min."""
    if value is None:
        return NONE
    minutes = round(value / 60)
    if value < 120:
        return f"{value:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def moment(value: dt.datetime | None) -> str:
    """Return a point in time to the minute."""
    return NONE if value is None else f"{value:%Y-%m-%d %H:%M} UTC"


FORMS: dict[Format, Callable[[float | None], str]] = {
    "number": number,
    "share": share,
    "figure": figure,
}


def in_lake(uri: Any, folder: str) -> str:
    """Return the path, relative to the lake, of a page in one of its folders; nothing when it is in another."""
    _, found, path = str(uri or "").partition(f"/{folder}/")
    return f"{folder}/{path}" if found else ""
