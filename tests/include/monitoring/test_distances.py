"""Distances against samples that scipy sees whole, and their bounds."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from include.monitoring.distances import adjust, compare_categories, compare_numbers

HISTOGRAMS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 1000), min_size=1)


def test_binned_numbers_give_what_the_samples_give() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.integers(1, 20, 500), rng.integers(3, 22, 700)
    found = compare_numbers(Counter(map(str, a.tolist())), Counter(map(str, b.tolist())))
    assert found is not None
    assert found.ks == pytest.approx(stats.ks_2samp(a, b).statistic)
    assert found.p_value == pytest.approx(stats.ks_2samp(a, b, method="asymp").pvalue, rel=0.2)
    assert found.wasserstein == pytest.approx(stats.wasserstein_distance(a, b))


def test_categories_of_a_worked_example() -> None:
    found = compare_categories({"a": 50, "b": 50}, {"a": 50, "c": 50})
    assert found is not None
    assert found.jensen_shannon == pytest.approx(np.sqrt(0.5))
    assert found.new_share == 0.5
    assert found.psi == pytest.approx(2 * 0.5 * np.log(0.5001 / 0.0001))
    assert found.p_value < 1e-10


@given(HISTOGRAMS, HISTOGRAMS)
def test_distances_are_symmetric_and_bounded(a: dict[str, int], b: dict[str, int]) -> None:
    there, back = compare_categories(a, b), compare_categories(b, a)
    assert there is not None and back is not None
    assert there.jensen_shannon == pytest.approx(back.jensen_shannon, abs=1e-9)
    assert -1e-12 <= there.jensen_shannon <= 1 + 1e-9
    assert there.psi >= -1e-9
    same = compare_categories(a, a)
    assert same is not None and same.jensen_shannon == pytest.approx(0, abs=1e-6) and same.new_share == 0


def test_nothing_to_compare_is_none() -> None:
    assert compare_categories({}, {"a": 1}) is None
    assert compare_numbers({"unknown": 3}, {"1": 2}) is None


def test_p_values_are_corrected_for_their_number() -> None:
    assert adjust([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.04, 0.04])
    assert adjust([]) == []
