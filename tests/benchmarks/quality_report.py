"""The part of benchmarks.md that `make bench-quality` writes: a table and a plot for each data set."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

WHO = {
    "nightshelf": "**Nightshelf**",
    "lightfm_hybrid": "LightFM hybrid alone",
    "ials": "`ials` alone",
    "spark_als": "Spark ALS alone",
    "popularity": "popularity, lately",
    "popularity_ever": "popularity, ever",
    "bm25": "BM25, item to item (implicit)",
    "ease": "EASE",
    "als": "ALS (implicit)",
    "bpr": "BPR (implicit)",
    "irspack_ials": "iALS with item features (irspack)",
}
VIEWS = {"unseen": "never bought before", "all": "repeats count"}


def write_quality(figures: dict[str, Any], folder: Path) -> None:
    """Write the data set's section into benchmarks.md, in place of the one that is there."""
    page = folder / "benchmarks.md"
    known = page.read_text() if page.is_file() else "# Benchmarks\n"
    name = figures["dataset"]
    plot(figures, folder / f"quality-{name}.svg")
    page.write_text(f"{sections(known, but=name)[0]}{section(figures)}{sections(known, but=name)[1]}")


def sections(page: str, but: str | None = None) -> tuple[str, str]:
    """Return a page without its sections of quality, and those sections, less that of one data set."""
    pattern = re.compile(r"\n<!-- quality (\w+) -->.*?<!-- end -->\n", re.DOTALL)
    kept = [match.group(0) for match in pattern.finditer(page) if match.group(1) != but]
    return pattern.sub("", page), "".join(kept)


def section(figures: dict[str, Any]) -> str:
    """Return the section of a data set: its table, the best on top."""
    name = figures["dataset"]
    order = sorted(figures["unseen"], key=lambda who: -figures["unseen"][who]["recall@20"])
    rows = [
        f"| {WHO.get(who, who)} | " + " | ".join(cell(figures[view][who]) for view in VIEWS) + " |" for who in order
    ]
    nights = ", ".join(figures["unseen"]["nightshelf"]["nights"])
    return f"""
<!-- quality {name} -->
## Quality: {name}

Nights {nights}.

Mean of recall@20 / NDCG@10 over the nights, with the 95 % interval of recall over users. Everyone has the same users
and decayed weights, and was tuned on the days before the cutoff, by the mean of all four. `make bench-quality`.

| model | {" | ".join(VIEWS.values())} |
|---|---|---|
{chr(10).join(rows)}

![Recall and its interval](quality-{name}.svg)
<!-- end -->
"""


def cell(found: dict[str, Any]) -> str:
    """Return a model's figures in a view."""
    low, high = found["ci"]
    return f"{found['recall@20']:.3f} / {found['ndcg@10']:.3f} ({low:.3f} to {high:.3f})"


def plot(figures: dict[str, Any], path: Path) -> None:
    """Draw everyone's recall with its interval."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "nightshelf"
    import matplotlib.pyplot as plt

    drawing, places = plt.subplots(1, len(VIEWS), figsize=(9, 3.6), sharey=True, layout="constrained")
    order = sorted(figures["unseen"], key=lambda who: figures["unseen"][who]["recall@20"])
    for place, (view, title) in zip(places, VIEWS.items(), strict=True):
        found = [figures[view][who] for who in order]
        means = [one["recall@20"] for one in found]
        bounds = [
            [m - one["ci"][0] for m, one in zip(means, found, strict=True)],
            [one["ci"][1] - m for m, one in zip(means, found, strict=True)],
        ]
        colours = ["tab:orange" if who == "nightshelf" else "tab:blue" for who in order]
        place.barh([WHO.get(who, who).strip("*") for who in order], means, xerr=bounds, color=colours)
        place.set_title(title)
        place.set_xlabel("recall@20")
    drawing.savefig(path, metadata={"Date": None})
    plt.close(drawing)
