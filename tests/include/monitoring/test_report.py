"""The day's page: what is on it, that it loads nothing, and that equal days give equal pages."""

from __future__ import annotations

import math
from typing import Any

import pytest

from include.monitoring.data_drift import ColumnDrift
from include.monitoring.plots import plot_lines, plot_shares
from include.monitoring.report import render
from include.monitoring.verdict import Signals, decide
from tests.include.monitoring.cases import POLICY, comparison, day, quiet

HISTOGRAMS = {
    "event_type": {"view": 800, "cart": 70, "purchase": 60},
    "category": {f"CATEGORY $N$ {n}": 300 - n for n in range(40)},
    "segment": {"United <Kingdom>": 500, "France & Co": 100},
    "price": {f"{2 ** (n / 2):.4f}": 20 + n for n in range(14)},
}


def page_of(signals: Signals, **changes: Any) -> str:
    verdict = decide([*quiet(40), signals], POLICY)
    values = {"then": HISTOGRAMS, "now": HISTOGRAMS, "predictions": {"overlap": 0.5}, **changes}
    return render(signals, verdict, POLICY, **values)


@pytest.fixture(scope="module")
def signals() -> Signals:
    columns = [ColumnDrift("price", 0.3, 0.04, 1e-9, True, {})]
    data = {"moved": ["price is <b>far</b> away"], "columns": columns, "missing": {"user_id": 0.02}}
    return day(40, comparison=comparison(220, 225), purchases=comparison(30, 25, 12, 90), data=data)


@pytest.fixture(scope="module")
def page(signals: Signals) -> str:
    return page_of(signals)


def test_the_page_says_what_was_decided_and_why(page: str) -> None:
    assert page.startswith("<!doctype html>")
    for text in (
        "Verdict: <b>", "Batch b40 of model 40.", "What users turned to: 1000 by 400 users", "What they bought: 90 by",
        ">price</th><td>0.3000</td><td>0.0400</td><td>1.0e-09</td><td>yes</td>", "more often missing: user_id",
        ">overlap</th><td>0.5000</td>",
    ):  # fmt: skip
        assert text in page, text


def test_the_page_loads_nothing(page: str) -> None:
    assert "http" not in page.replace("http://www.w3.org", "")
    assert "<script" not in page and "<img" not in page
    assert page.count("<svg") == 2 + len(HISTOGRAMS)


def test_what_shops_call_things_is_escaped(page: str) -> None:
    assert "price is &lt;b&gt;far&lt;/b&gt; away" in page and "<b>far" not in page
    assert "France &amp; Co" in page and "<Kingdom>" not in page
    assert "CATEGORY $N$ 1" in page, "a dollar sign is no formula"


def test_equal_days_give_equal_pages(signals: Signals, page: str) -> None:
    assert page_of(signals) == page


def test_a_first_day_has_a_page() -> None:
    first = day(0, comparison=comparison(0, None, 0, pairs=0), previous_batch=None)
    page = render(first, decide([first], POLICY), POLICY, then={}, now={}, predictions={"previous_batch": None})
    assert "No day has enough pairs yet." in page and "<svg" not in page


def test_curves_are_interrupted_where_nothing_is_known() -> None:
    plot = plot_lines({"share": [0.1, math.nan, 0.2, 0.3], "all unknown": [math.nan] * 4}, list("abcd"))
    assert 'id="curve-share"' in plot and 'id="curve-all-unknown"' in plot


def test_only_the_largest_shares_are_drawn() -> None:
    plot = plot_shares({f"v{n:02}": n for n in range(30)}, {"v29": 30}, most=5)
    assert all(f">v{n}<" in plot for n in (25, 26, 27, 28, 29)) and ">v24<" not in plot
