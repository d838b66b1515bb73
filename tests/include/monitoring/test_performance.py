"""Lists against what was wanted, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from include.monitoring.performance import Comparison, compare_lists

SEGMENTS = np.array(["north", "north", "south", "south"])
WANTED = sparse.csr_matrix(
    np.array([[1, 1, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 1, 0, 1], [1, 0, 0, 0, 0]], dtype=bool)
)  # users 0, 2 and 3 want five things
LIVE = np.array([[0, 3], [0, 1], [2, 4], [3, -1]], dtype=np.int32)
POPULAR = np.array([[0, 1]] * 4, dtype=np.int32)
PREVIOUS = np.array([[1, 3], [0, 1], [3, 4], [0, -1]], dtype=np.int32)


def test_hits_are_counted_by_pair_and_side_by_side() -> None:
    found = compare_lists(WANTED, {"live": LIVE, "popularity": POPULAR, "previous": PREVIOUS}, SEGMENTS)
    assert (found.users, found.pairs) == (3, 5)
    assert found.previous is not None
    assert (found.live.hits, found.popularity.hits, found.previous.hits) == (3, 3, 3)
    assert (found.only_live, found.only_previous) == (2, 2)
    assert found.share == 0.6 and found.ratio_to_previous == 1.0
    assert found.live.segments == {"south": {"pairs": 3, "hits": 2}, "north": {"pairs": 2, "hits": 1}}
    assert found.live.metrics["hit_rate"] == pytest.approx(2 / 3, abs=1e-5)


def test_worse_lists_have_a_small_p_value_and_better_ones_a_large_one() -> None:
    n = 60
    wanted = sparse.csr_matrix((np.ones(n, bool), (np.arange(n), np.zeros(n, int))), shape=(n, 5))
    good, bad = np.zeros((n, 1), np.int32), np.ones((n, 1), np.int32)
    names = np.full(n, "x")
    assert compare_lists(wanted, {"live": bad, "popularity": bad, "previous": good}, names).p_value < 1e-15
    assert compare_lists(wanted, {"live": good, "popularity": bad, "previous": bad}, names).p_value == 1.0
    assert compare_lists(wanted, {"live": good, "popularity": bad, "previous": good}, names).p_value == 1.0


def test_a_day_on_which_nobody_did_anything() -> None:
    nothing = sparse.csr_matrix((4, 5), dtype=bool)
    found = compare_lists(nothing, {"live": LIVE, "popularity": POPULAR, "previous": None}, SEGMENTS)
    assert (found.pairs, found.users, found.previous) == (0, 0, None)
    assert np.isnan(found.share) and found.p_value == 1.0


def test_it_comes_back_from_json() -> None:
    found = compare_lists(WANTED, {"live": LIVE, "popularity": POPULAR, "previous": PREVIOUS}, SEGMENTS)
    assert Comparison.from_json(found.as_json()) == found
