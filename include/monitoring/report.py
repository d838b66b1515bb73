"""The day's page: the verdict and why, the results against their limits, distributions now and then."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from include.drift_policy import DriftPolicy
from include.monitoring import svg
from include.monitoring.control import Point
from include.monitoring.performance import Comparison
from include.monitoring.verdict import Signals, Verdict

STYLE = (
    "body{font:15px/1.5 sans-serif;max-width:760px;margin:2em auto;padding:0 1em;color:#222}"
    "table{border-collapse:collapse;margin:.5em 0}td,th{border:1px solid #ddd;padding:.2em .6em;text-align:right}"
    "td:first-child,th:first-child{text-align:left}.verdict{font-size:1.4em;padding:.4em .6em;background:#eef}"
)
CHART_DAYS = 60

Histograms = Mapping[str, Mapping[str, int]]


def render(
    signals: Signals,
    verdict: Verdict,
    policy: DriftPolicy,
    *,
    then: Histograms,
    now: Histograms,
    predictions: Mapping[str, Any],
) -> str:
    """Return the page of a day as HTML that loads nothing."""
    day = signals.day.isoformat()
    reasons = "".join(f"<li>{html.escape(reason)}</li>" for reason in verdict.reasons)
    parts = [
        f"<h1>Drift watch, {day}</h1>",
        f'<p class="verdict">Verdict: <b>{verdict.kind}</b></p><ul>{reasons}</ul>',
        f"<p>Batch {html.escape(signals.batch_id)} of model {html.escape(signals.model_version)}.</p>",
        "<h2>Results</h2>",
        *_charts(verdict.points, policy),
        _comparison("What shoppers turned to", signals.comparison),
        _comparison("What they bought", signals.purchases) if signals.purchases else "",
        "<h2>Data</h2>",
        _columns(signals),
        *(_distribution(name, then, now) for name in now),
        "<h2>Lists</h2>",
        _facts(predictions),
    ]
    head = f'<meta charset="utf-8"><title>Drift watch, {day}</title><style>{STYLE}</style>'
    return f"<!doctype html><html><head>{head}</head><body>{''.join(parts)}</body></html>\n"


def _charts(points: Sequence[Point], policy: DriftPolicy) -> list[str]:
    shown = points[-CHART_DAYS:]
    if not shown:
        return ["<p>No day has enough pairs yet.</p>"]
    labels = [point.day.isoformat() for point in shown]
    share = {
        "on the shelf": [point.share for point in shown],
        "expected": [point.expected for point in shown],
        "3 deviations": [point.low for point in shown],
    }
    sums = {"CUSUM": [point.cusum for point in shown], "alarm": [policy.results.alarm] * len(shown)}
    return [
        "<p>Share of new pairs of user and item that were on the shelf:</p>",
        svg.lines("share on the shelf", share, labels),
        "<p>Sum of what was beyond the slack, in standard deviations:</p>",
        svg.lines("CUSUM", sums, labels),
    ]


def _comparison(title: str, comparison: Comparison) -> str:
    named = {"served": comparison.live, "popular": comparison.popularity, "before": comparison.previous}
    rows = []
    for name, results in named.items():
        if results is None:
            continue
        share = results.hits / comparison.pairs if comparison.pairs else 0.0
        metrics = [f"{results.metrics.get(metric, 0.0):.4f}" for metric in ("hit_rate", "recall", "ndcg")]
        rows.append([name, str(results.hits), f"{share:.2%}", *metrics])
    head = [f"{title}: {comparison.pairs} by {comparison.users} users", "hits", "share", "hit rate", "recall", "NDCG"]
    segments = [
        [name, str(counts["hits"]), f"{counts['hits'] / max(counts['pairs'], 1):.2%}"]
        for name, counts in comparison.live.segments.items()
    ]
    return _table(head, rows) + (_table(["segment, served", "hits", "share"], segments) if segments else "")


def _columns(signals: Signals) -> str:
    data = signals.data
    facts = {
        "events": data.rows,
        "relative to the weekday's usual": data.volume,
        "of bot-like accounts": data.heavy_share,
        "of users unknown to the training set": data.new_user_share,
        "of items unknown to the training set": data.new_item_share,
        **{f"more often missing: {name}": rise for name, rise in data.missing.items()},
    }
    rows = [
        [one.column, f"{one.distance:.4f}", f"{one.usual:.4f}", f"{one.p_value:.1e}", "yes" if one.moved else "no"]
        for one in data.columns
    ]
    return _facts(facts) + _table(["column", "distance", "usual", "p, corrected", "moved"], rows)


def _distribution(name: str, then: Histograms, now: Histograms) -> str:
    bars = svg.bars(name, _shares(then.get(name, {})), _shares(now.get(name, {})))
    return f"<p>{html.escape(name)}</p>{bars}"


def _shares(histogram: Mapping[str, int]) -> dict[str, float]:
    total = sum(histogram.values()) or 1
    return {value: count / total for value, count in histogram.items()}


def _facts(facts: Mapping[str, Any]) -> str:
    rows = [[name, f"{value:.4f}" if isinstance(value, float) else str(value)] for name, value in facts.items()]
    return _table(["", ""], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"
