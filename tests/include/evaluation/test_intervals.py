import numpy as np
import pytest

from include.evaluation import intervals as module
from include.evaluation.intervals import Interval
from include.evaluation.intervals import intervals as by_group


def intervals(values: dict[str, np.ndarray], **options: int) -> dict[str, Interval]:
    everybody = np.ones(len(next(iter(values.values()), [])), bool)
    return by_group(values, {"all": everybody}, **options).get("all", {})


def test_intervals_hold_the_true_mean_about_as_often_as_they_say() -> None:
    random = np.random.default_rng(5)
    held = 0
    for _ in range(200):
        low, high = intervals({"x": random.exponential(1.0, 150)}, resamples=300)["x"]
        held += low <= 1.0 <= high
    assert 0.90 <= held / 200 <= 0.98


def test_they_agree_with_the_normal_interval_of_a_large_sample() -> None:
    values = np.random.default_rng(1).normal(3, 2, 4000)
    low, high = intervals({"x": values})["x"]
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.01)


def test_paired_differences_are_narrower_than_either_model() -> None:
    random = np.random.default_rng(2)
    one = random.random(500)
    two = one + 0.01 + 0.001 * random.normal(size=500)
    found = intervals({"one": one, "difference": two - one})
    assert found["difference"][0] > 0
    assert np.diff(found["difference"]) < 0.1 * np.diff(found["one"])


def test_equal_input_gives_equal_intervals_whatever_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"x": np.random.default_rng(3).random(50)}
    whole = intervals(values)
    assert intervals(values) == whole
    monkeypatch.setattr(module, "AT_ONCE", 70)
    assert intervals(values)["x"] == pytest.approx(whole["x"], abs=1e-12)


def test_nobody_has_no_interval() -> None:
    assert intervals({}) == {} == intervals({"x": np.array([])})


def test_each_group_has_the_interval_of_its_own_users() -> None:
    values = np.concatenate([np.zeros(40), np.random.default_rng(4).normal(5, 1, 60)])
    later = np.arange(100) >= 40
    found = by_group({"x": values}, {"first": ~later, "later": later, "nobody": np.zeros(100, bool)})
    assert set(found) == {"first", "later"}
    assert found["first"]["x"] == (0, 0)
    assert found["later"]["x"][0] < values[later].mean() < found["later"]["x"][1]
