import numpy as np

from include.features import SegmentPopularity
from include.ranking import top_n
from include.ranking.lists import as_factors, list_segment, segment_scores


def counts(**items: float) -> SegmentPopularity:
    scores = np.array(list(items.values()), dtype=np.float32)
    return SegmentPopularity(np.array([int(name[1:]) for name in items], dtype=np.int32), scores)


POPULARITY = {"everybody": counts(i0=9, i1=5, i3=1), "France": counts(i1=2, i2=2)}


def test_a_segment_without_a_list_is_served_by_everybody() -> None:
    assert [list_segment(name, POPULARITY) for name in ("France", "Spain", "everybody")] == [
        "France",
        "everybody",
        "everybody",
    ]


def test_everybody_orders_what_the_segment_leaves_equal() -> None:
    scores = segment_scores("France", POPULARITY, 5)
    np.testing.assert_allclose(scores, [0.9, 2.5, 2, 0.1, 0], rtol=1e-6)
    assert segment_scores("everybody", POPULARITY, 5).tolist() == [9, 5, 0, 1, 0]


def test_as_factors_scores_are_the_items_own() -> None:
    users, items = as_factors(segment_scores("everybody", POPULARITY, 5), 2)
    found = top_n(users, items, 2)
    assert found.items.tolist() == [[0, 1]] * 2
    assert found.scores.tolist() == [[9, 5]] * 2


def test_nothing_sold_gives_equal_scores() -> None:
    assert segment_scores("everybody", {"everybody": counts()}, 2).tolist() == [0, 0]
