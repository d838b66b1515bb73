"""An evaluation as tables and plots, for MLflow's pages and for analysts."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from include.evaluation.report import CHALLENGER
from include.model import Recommender
from include.monitoring.plots import COLOURS, draw

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METRICS = ("model", "version", "view", "user_group", "metric", "users", "value", "low", "high")
DIFFERENCES = ("other", "view", "user_group", "metric", "users", "difference", "low", "high")
TRIED = ("term", "weight", "quality")
GROUP_HEIGHT, LEAST_HEIGHT = 0.42, 1.2  # inches
TERM_HEIGHT = 1.6


def metric_rows(report: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a row for each model, view, group of users and metric of a report, by the names in `METRICS`.

    Groups without users have none; metrics of all lists together have no interval.
    """
    for model, entry in report["models"].items():
        for view, groups in entry["views"].items():
            for group, found in groups.items():
                if not found["users"]:
                    continue
                for metric in sorted(found.keys() - {"users", "intervals"}):
                    low, high = found.get("intervals", {}).get(metric, (None, None))
                    values = (model, entry["version"], view, group, metric, found["users"], found[metric], low, high)
                    yield dict(zip(METRICS, values, strict=True))


def difference_rows(report: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield how the challenger differs from each other model, by the names in `DIFFERENCES`."""
    mine = report["models"][CHALLENGER]["views"]
    for other, views in report["differences"].items():
        for view, groups in views.items():
            for group, metrics in groups.items():
                for metric, (difference, low, high) in metrics.items():
                    values = (other, view, group, metric, mine[view][group]["users"], difference, low, high)
                    yield dict(zip(DIFFERENCES, values, strict=True))


def evaluation_files(report: Mapping[str, Any], challenger: Recommender, metric: str) -> dict[str, str]:
    """Return the text of each table and plot of a challenger's evaluation, by its name; equal input gives equal text.

    Parameters
    ----------
    metric
        Is plotted, for everyone and by group: the gate's.
    """
    views = report["models"][CHALLENGER]["views"]
    tried = [(term, *pair) for term, pairs in challenger.tried.items() for pair in pairs]
    files = {
        "metrics.csv": _table(METRICS, (row.values() for row in metric_rows(report))),
        "differences.csv": _table(DIFFERENCES, (row.values() for row in difference_rows(report))),
        **{f"{metric}_{view}.svg": _plot_groups(report, view, metric) for view in views},
    }
    if tried:
        files |= {"terms.csv": _table(TRIED, tried), "terms.svg": _plot_terms(challenger)}
    return files


def _table(header: Sequence[str], rows: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def _plot_groups(report: Mapping[str, Any], view: str, metric: str) -> str:
    """Return each model's mean and interval for each group of users, below each other."""
    models = report["models"]
    groups = [name for name, found in models[CHALLENGER]["views"][view].items() if found["users"]]

    def fill(figure: Figure) -> None:
        axes = figure.add_subplot()
        for number, (name, entry) in enumerate(models.items()):
            found = [entry["views"][view][group] for group in groups]
            places = [place + (number - (len(models) - 1) / 2) * 0.16 for place in range(len(groups))]
            means = [each[metric] for each in found]
            bounds = [each["intervals"][metric] for each in found]
            errors = [
                [max(0.0, mean - low) for mean, (low, _) in zip(means, bounds, strict=True)],
                [max(0.0, high - mean) for mean, (_, high) in zip(means, bounds, strict=True)],
            ]
            colour = COLOURS[number % len(COLOURS)]
            axes.errorbar(means, places, xerr=errors, fmt="o", markersize=4, color=colour, label=name, linewidth=1.2)
        users = [models[CHALLENGER]["views"][view][group]["users"] for group in groups]
        names = [f"{group} ({count})" for group, count in zip(groups, users, strict=True)]
        axes.set_yticks(range(len(groups)), names)
        axes.invert_yaxis()
        axes.grid(axis="x")
        axes.set_xlabel(f"{metric}@{report['k']}, {view}; 95 % intervals")
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1))

    return draw(fill, LEAST_HEIGHT + GROUP_HEIGHT * len(groups))


def _plot_terms(challenger: Recommender) -> str:
    """Return how the metric on the validation window moved with each weight, the learned one marked."""
    terms = challenger.terms

    def fill(figure: Figure) -> None:
        for place, (term, pairs) in enumerate(challenger.tried.items(), start=1):
            axes = figure.add_subplot(-(-len(challenger.tried) // 2), 2, place)
            axes.plot(*zip(*pairs, strict=True), marker="o", markersize=3, color=COLOURS[0], linewidth=1.2)
            learned = terms.members.get(term, getattr(terms, term, 0.0))
            axes.axvline(learned, color=COLOURS[1], linewidth=1, linestyle="--")
            axes.set_title(f"{term}: {learned:g}", fontsize=8)

    return draw(fill, TERM_HEIGHT * -(-len(challenger.tried) // 2))
