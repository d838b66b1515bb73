"""The day's page: the verdict and why, the results against their limits, distributions now and then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from include.drift_policy import DriftPolicy
from include.monitoring.control import Point
from include.monitoring.performance import Comparison
from include.monitoring.plots import plot_lines, plot_shares
from include.monitoring.profile import Histograms
from include.monitoring.verdict import DriftVerdict, Signals
from include.pages import STYLE, make_environment

TEMPLATES = Path(__file__).resolve().parent / "templates"
CHART_DAYS = 60
METRICS = ("hit_rate", "recall", "ndcg")


def render(
    signals: Signals,
    verdict: DriftVerdict,
    policy: DriftPolicy,
    *,
    then: Histograms,
    now: Histograms,
    predictions: Mapping[str, Any],
) -> str:
    """Return the page of a day as HTML that loads nothing; equal days give equal pages."""
    data = signals.data
    facts = {
        "events": data.rows,
        "relative to the weekday's usual": data.volume,
        "of bot-like accounts": data.heavy_share,
        "of users unknown to the training set": data.new_user_share,
        "of items unknown to the training set": data.new_item_share,
        **{f"more often missing: {name}": rise for name, rise in data.missing.items()},
    }
    compared = {"What users turned to": signals.comparison, "What they bought": signals.purchases}
    return (
        make_environment(TEMPLATES)
        .get_template("report.html")
        .render(
            style=STYLE.read_text(),
            signals=signals,
            verdict=verdict,
            charts=_charts(verdict.points[-CHART_DAYS:], policy),
            comparisons=[_comparison(title, one) for title, one in compared.items() if one],
            facts=_figures(facts),
            columns=[
                [
                    one.column,
                    f"{one.distance:.4f}",
                    f"{one.usual:.4f}",
                    f"{one.p_value:.1e}",
                    "yes" if one.moved else "no",
                ]
                for one in data.columns
            ],
            histograms={name: plot_shares(then.get(name, {}), counts) for name, counts in now.items()},
            predictions=_figures(predictions),
        )
    )


def _charts(points: Sequence[Point], policy: DriftPolicy) -> dict[str, str]:
    if not points:
        return {}
    labels = [point.day.isoformat() for point in points]
    shares = {
        "on the shelf": [point.share for point in points],
        "expected": [point.expected for point in points],
        "3 deviations": [point.low for point in points],
    }
    sums = {"CUSUM": [point.cusum for point in points], "alarm": [policy.results.alarm] * len(points)}
    return {
        "Share of new pairs of user and item that were on the shelf": plot_lines(shares, labels),
        "CUSUM: sum of what was beyond the slack, in standard deviations": plot_lines(sums, labels),
    }


def _comparison(title: str, comparison: Comparison) -> dict[str, list[Any]]:
    named = {"served": comparison.live, "popular": comparison.popularity, "before": comparison.previous}
    return {
        "head": [
            f"{title}: {comparison.pairs} by {comparison.users} users",
            "hits",
            "share",
            "hit rate",
            "recall",
            "NDCG",
        ],
        "rows": [
            [name, results.hits, _share(results.hits, comparison.pairs)]
            + [f"{results.metrics.get(metric, 0.0):.4f}" for metric in METRICS]
            for name, results in named.items()
            if results is not None
        ],
        "segments": [
            [name, counts["hits"], _share(counts["hits"], counts["pairs"])]
            for name, counts in comparison.live.segments.items()
        ],
    }


def _share(hits: int, pairs: int) -> str:
    return f"{hits / max(pairs, 1):.2%}"


def _figures(facts: Mapping[str, Any]) -> list[list[Any]]:
    return [[name, f"{value:.4f}" if isinstance(value, float) else value] for name, value in facts.items()]
