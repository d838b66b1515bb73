"""How numbers are written, and that nothing in a page is markup by accident."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import UndefinedError

from include.pages import STYLE, Curve, Plot, make_environment
from include.pages import rendering as r


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "0"), (1234567, "1,234,567"), (0.25, "0.25"), (12.5, "12.5"), (1234.56, "1,235"), (None, "–")],
)
def test_numbers(value: float | None, written: str) -> None:
    assert r.number(value) == written


@pytest.mark.parametrize(
    ("value", "written"), [(5, "5 s"), (119, "119 s"), (150, "2 min"), (3900, "1 h 5 min"), (None, "–")]
)
def test_durations(value: float | None, written: str) -> None:
    assert r.seconds(value) == written


def test_shares_differences_and_intervals() -> None:
    assert (r.share(0.0123), r.share(None), r.share(float("nan"))) == ("1.2 %", "–", "–")
    assert (r.signed(-0.01), r.signed(None)) == ("−0.0100", "–")
    assert (r.interval((0.1, 0.2)), r.interval((None, 0.2))) == ("[+0.1000, +0.2000]", "–")


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("s3://shop/lake/drift_reports/2026-03-01-ab/report.html", "drift_reports/2026-03-01-ab/report.html"),
        ("file:///lake/elsewhere/report.html", ""),
        (None, ""),
    ],
)
def test_a_pages_path_in_the_lake(uri: str | None, path: str) -> None:
    assert r.in_lake(uri, "drift_reports") == path


def test_every_text_of_a_plot_is_escaped() -> None:
    evil = "<script>alert(1)</script>"
    environment = make_environment(Path(__file__).parent)
    macros = '{% from "macros.html" import draw, table, tiles %}'
    made = environment.from_string(macros + "{{ draw(p) }}{{ table(t, [t], [[t]]) }}{{ tiles([(t, t, t)]) }}")
    page = made.render(p=Plot(evil, evil, [evil], [Curve(evil, [1.0]), Curve(evil, [2.0])]), t=evil)
    assert "<script" not in page and page.count("&lt;script&gt;") >= 10


def test_what_a_template_is_not_given_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        make_environment(Path(__file__).parent).from_string("{{ nothing }}").render()


def test_the_style_loads_nothing() -> None:
    assert "url(" not in STYLE.read_text() and "@import" not in STYLE.read_text()
