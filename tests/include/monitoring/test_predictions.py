"""Lists against the lists before, by hand."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from include.monitoring.predictions import compare_profiles, overlap, profile_lists

ITEMS = pa.array(["a", "b", "c", "d"])
CATEGORIES = np.array(["x", "x", "y", "y"])


def lists(*rows: list[str], score: float = 1.0) -> list[pa.RecordBatch]:
    scores = [[score - 0.1 * place for place in range(len(row))] for row in rows]
    columns = {
        "item_ids": pa.array(list(rows), pa.list_(pa.string())),
        "scores": pa.array(scores, pa.list_(pa.float32())),
    }
    return pa.table(columns).to_batches(max_chunksize=2)


def test_coverage_popularity_and_mix() -> None:
    profile = profile_lists(lists(["a", "b"], ["a"], [], ["c", "gone"]), ITEMS)
    assert (profile.users, profile.entries) == (3, 5)
    assert profile.coverage() == 0.75
    assert profile.popularity_bias(np.array([True, False, False, False])) == pytest.approx(0.4)
    assert profile.categories(CATEGORIES) == {"x": 3, "y": 1}


def test_equal_lists_are_at_no_distance_and_other_ones_are() -> None:
    now, same = (profile_lists(lists(["a", "b"], ["c"]), ITEMS) for _ in range(2))
    popular = np.array([True, False, False, False])
    found = compare_profiles(now, same, popular, CATEGORIES)
    assert (found["score_distance"], found["category_distance"]) == (0.0, 0.0)
    assert (found["coverage_before"], found["popularity_bias_before"]) == (
        same.coverage(),
        same.popularity_bias(popular),
    )
    other = profile_lists(lists(["c", "d"], ["c"], score=4.0), ITEMS)
    found = compare_profiles(other, now, popular, CATEGORIES)
    assert found["score_distance"] == 1.0 and (found["category_distance"] or 0) > 0.4


def test_overlap_is_of_those_who_have_lists() -> None:
    now = np.array([[0, 1], [2, -1], [-1, -1]])
    before = np.array([[1, 3], [2, 0], [0, 1]])
    assert overlap(now, before) == pytest.approx(0.75)
