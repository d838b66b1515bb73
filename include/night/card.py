"""The model card of a version (Mitchell et al. 2019, arXiv:1810.03993), generated from what its evaluation found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from include.model import Terms

CARD = "version_card.md"
TEMPLATES = Path(__file__).resolve().parents[1] / "config"


def model_card(report: Mapping[str, Any], lineage: Mapping[str, Any], terms: Terms) -> str:
    """Return the card as Markdown; equal arguments give equal text.

    Parameters
    ----------
    report
        Of the evaluation in which the version was challenger.
    lineage
        See `include.tracking.Lineage`.
    """
    environment = Environment(loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=False)
    template = environment.get_template("model_card.md.j2")
    recipe = {"name": None, "settings": {}, **(lineage.get("recipe") or {})}
    text = template.render(
        report=report, recipe=recipe, terms=asdict(terms), counts=lineage.get("counts") or {}, figure=_figure
    )
    return text.rstrip() + "\n"


def _figure(found: Mapping[str, Any], name: str) -> str:
    low, high = found["intervals"][name]
    return f"{found[name]:.4f} [{low:.4f}, {high:.4f}]"
