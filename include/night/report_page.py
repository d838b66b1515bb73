"""The nightly report as a page: it loads nothing, and equal figures give an equal page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from include.evaluation.exposure import Exposure, movers, top_share
from include.evaluation.revenue import Takings
from include.pages import STYLE, Curve, Plot, make_environment

TEMPLATES = Path(__file__).resolve().parent / "templates"
MOST, TOP_SHARE = 12, 0.1


@dataclass(frozen=True)
class NightReport:
    """What the page says, see `include.night.reporting`.

    Attributes
    ----------
    exposure, before
        Who gets what by this batch, and by the one that served the run date.
    in_stock
        Number of items in stock.
    new
        Items that are new on the run date.
    """

    run_date: dt.date
    batch_id: str
    model_version: str
    exposure: Exposure
    before: Exposure
    titles: Mapping[str, str]
    in_stock: int
    reasons: Mapping[int, str]
    new: Sequence[str]
    takings: Sequence[Takings]
    segments: Sequence[Mapping[str, Any]]
    nights: Sequence[Mapping[str, Any]]
    earlier: Mapping[str, Mapping[str, Any]]

    @cached_property
    def items(self) -> Mapping[str, int]:
        """Users by item, over all segments."""
        return self.exposure.by_item()

    @cached_property
    def figures(self) -> dict[str, Any]:
        """The headlines, which the reports of later nights show again."""
        new = [self.items.get(item, 0) for item in self.new]
        return {
            "users": self.exposure.users.total(),
            "items": len(self.items),
            "coverage": round(len(self.items) / self.in_stock, 6) if self.in_stock else None,
            "top_share": round(top_share(self.items, TOP_SHARE), 6),
            "new_items": len(new),
            "new_items_shown": sum(count > 0 for count in new),
            "new_share": round(sum(new) / max(sum(self.items.values()), 1), 6),
            "takings": [asdict(one) | {"share": one.share} for one in self.takings],
        }


def render(report: NightReport) -> str:
    """Return the page as HTML."""
    template = make_environment(TEMPLATES).get_template("nightly_report.html")
    reasons = report.exposure.reasons
    entries = reasons.total() or 1
    return template.render(
        style=STYLE.read_text(),
        report=report,
        figures=report.figures,
        plots=_plots(report),
        reasons=[
            [report.reasons.get(code, str(code)).replace("_", " "), count, count / entries]
            for code, count in reasons.most_common()
        ],
        top=[_item(report, item, count) for item, count in _most(report.items)],
        new=[_item(report, item, report.items.get(item, 0)) for item, _ in _most(_of(report.items, report.new))],
        movers=[
            [report.titles.get(item, item), item, old, new, new - old]
            for item, old, new in movers(report.items, report.before.by_item(), MOST)
        ]
        if report.before.users
        else [],
        segments=[_segment(report, name, users) for name, users in report.exposure.users.most_common(MOST)],
    )


def _plots(report: NightReport) -> list[Plot]:
    nights = report.nights
    labels = [f"{night['run_date']:%d %b}" for night in nights]
    low, high = (
        [None if night["low"] is None else night["popularity"] + night[end] for night in nights]
        for end in ("low", "high")
    )
    recall = [night["metric"] for night in nights]
    known = {**report.earlier, report.run_date.isoformat(): report.figures}
    days = sorted(known)
    sold = [(known[day]["takings"] or [{}])[0].get("share") for day in days]
    shown = [f"{dt.date.fromisoformat(day):%d %b}" for day in days]
    return [
        Plot(
            "Recall on held-out days, of the challenger and of popularity",
            "The table of the nights in Airflow's page Nightshelf has the figures.",
            labels,
            [
                Curve("challenger", recall, low, high),
                Curve("popularity", [night["popularity"] for night in nights]),
            ],
            "figure",
        ),
        Plot("Share of the purchases' worth that was on the buyer's list", "", shown, [Curve("share", sold)], "share"),
        Plot(
            "Share of the items in stock that somebody's list shows",
            "",
            shown,
            [Curve("coverage", [known[day]["coverage"] for day in days])],
            "share",
        ),
        Plot(
            "Share of the places that go to new items",
            "",
            shown,
            [Curve("new items", [known[day]["new_share"] for day in days])],
            "share",
        ),
    ]


def _segment(report: NightReport, name: str, users: int) -> list[Any]:
    counts = report.exposure.by_item(name)
    return [name, users, len(counts), ", ".join(report.titles.get(item, item) for item, _ in _most(counts)[:3])]


def _item(report: NightReport, item: str, count: int) -> list[Any]:
    return [report.titles.get(item, item), item, count, count / max(report.exposure.users.total(), 1)]


def _most(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST]


def _of(counts: Mapping[str, int], items: Sequence[str]) -> dict[str, int]:
    return {item: counts.get(item, 0) for item in items}
