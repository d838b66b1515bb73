"""An evaluation as tables and plots."""

from __future__ import annotations

import csv
import io
from typing import Any
from xml.etree import ElementTree

import pytest

from include.model import Recommender, Terms
from include.night.figures import difference_rows, evaluation_files, metric_rows
from tests.include.evaluation.reports import GROUPS, make_report

TRIED = {"ials": [(0.0, 0.1), (1.0, 0.2)], "popularity": [(0.0, 0.15), (0.5, 0.2)]}


@pytest.fixture
def report() -> dict[str, Any]:
    """A report as `evaluate` writes it, whose popularity has nothing for new users."""
    made = make_report(0.14, champion=0.12, groups={"new_users": {"challenger": 0.3}})
    for entry in made["models"].values():
        for groups in entry["views"].values():
            for found in groups.values():
                found["intervals"] = {"recall": (found["recall"] - 0.01, found["recall"] + 0.01)}
            groups["all"]["coverage"] = 0.5
    made["models"]["popularity"]["views"]["all"]["new_users"]["users"] = 0
    return made


def test_each_figure_of_each_group_has_a_row(report: dict[str, Any]) -> None:
    rows = list(metric_rows(report))
    found = {(row["model"], row["view"], row["user_group"], row["metric"]): row for row in rows}
    assert len(found) == len(rows) == 3 * 3 * (len(GROUPS) + 1) - 1
    mine = found["challenger", "all", "new_users", "recall"]
    assert (mine["users"], mine["value"], mine["low"], mine["high"]) == (100, 0.3, 0.29, 0.31)
    assert found["challenger", "unseen", "all", "coverage"]["low"] is None
    assert ("popularity", "all", "new_users", "recall") not in found
    other = {(row["other"], row["view"], row["user_group"]): row["difference"] for row in difference_rows(report)}
    assert other["champion", "all", "all"] == pytest.approx(0.02)
    views = ("all", "unseen", "new_items")
    assert set(other) == {(o, v, g) for o in ("champion", "popularity") for v in views for g in GROUPS}


def test_tables_and_plots_are_equal_for_equal_input(report: dict[str, Any]) -> None:
    model = Recommender({}, Terms({"ials": 1.0}, popularity=0.5), TRIED)
    files = evaluation_files(report, model, "recall")
    assert files == evaluation_files(report, model, "recall")
    tables = {"metrics.csv", "differences.csv", "terms.csv"}
    assert set(files) == tables | {"terms.svg", "recall_all.svg", "recall_unseen.svg", "recall_new_items.svg"}
    assert len(list(csv.DictReader(io.StringIO(files["metrics.csv"])))) == len(list(metric_rows(report)))
    assert files["terms.csv"].splitlines()[:2] == ["term,weight,quality", "ials,0.0,0.1"]
    text = {name: "".join(ElementTree.fromstring(files[name]).itertext()) for name in set(files) - tables}
    shown = ("challenger", "champion", "popularity", "new_users (100)", "recall@20")
    assert all(word in text["recall_all.svg"] for word in shown)
    assert "popularity: 0.5" in text["terms.svg"]


def test_terms_that_were_not_learned_have_no_plot(report: dict[str, Any]) -> None:
    assert not any("terms" in name for name in evaluation_files(report, Recommender.popular(), "recall"))
