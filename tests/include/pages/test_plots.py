"""Plots as numbers: axes, gaps, intervals, bars."""

from __future__ import annotations

import pytest

from include.pages import Curve, Plot
from include.pages.plots import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH


def plot(*curves: Curve, **options: object) -> Plot:
    return Plot("t", "s", [str(step) for step in range(len(curves[0].values))], curves, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([0.28, 0.18], [0, 0.1, 0.2, 0.3]),
        ([4474, 3781], [0, 2000, 4000, 6000]),
        ([0, 0], [0, 0.25, 0.5, 0.75, 1]),
        ([-1, 1], [-1, -0.5, 0, 0.5, 1]),
        ([None, 7], [0, 2, 4, 6, 8]),
    ],
)
def test_the_axis_has_round_numbers_that_hold_every_value(values: list[float | None], ticks: list[float]) -> None:
    assert plot(Curve("a", values)).ticks == pytest.approx(ticks)


def test_an_axis_need_not_begin_at_zero() -> None:
    assert plot(Curve("a", [101, 103]), zero=False).ticks == pytest.approx([101, 101.5, 102, 102.5, 103])


def test_steps_and_values_are_within_the_frame() -> None:
    made = plot(Curve("a", [1, 2, 3, 4], [0, 1, 2, 3], [2, 3, 4, 5]))
    assert all(LEFT < made.x(step) < WIDTH - RIGHT for step in range(4))
    assert (made.y(made.ticks[0]), made.y(made.ticks[-1])) == (HEIGHT - BOTTOM, TOP)


def test_a_gap_interrupts_a_curve_and_its_interval() -> None:
    values = [1.0, None, 3.0, 4.0]
    made = plot(Curve("a", values, values, values))
    assert [len(line.split()) for line in made.lines(made.curves[0])] == [1, 2]
    assert [len(band.split()) for band in made.bands(made.curves[0])] == [2, 4]


def test_bars_are_stacked_and_the_axis_holds_their_sum() -> None:
    made = plot(Curve("a", [2.0, None]), Curve("b", [2.0, 1.0]), bars=True)
    assert made.ticks[-1] == 4
    first, second = [bar for bar in made.rectangles() if bar[1] == 0]
    assert second[3] + second[5] == pytest.approx(first[3], abs=0.11)
    assert next(bar[5] for bar in made.rectangles() if bar[1] == 1) == 0


@pytest.mark.parametrize(("steps", "named"), [(3, ["0", "1", "2"]), (30, ["5", "11", "17", "23", "29"]), (0, [])])
def test_the_last_step_is_named_and_no_more_than_fit(steps: int, named: list[str]) -> None:
    assert [label for _, label in plot(Curve("a", [1.0] * steps)).named_steps()] == named


def test_a_plot_without_any_value_is_empty() -> None:
    assert plot(Curve("a", [None, None])).is_empty and not plot(Curve("a", [None, 0.0])).is_empty
