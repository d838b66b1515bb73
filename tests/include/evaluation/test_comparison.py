import numpy as np
import pytest
from scipy import sparse

from include.evaluation.comparison import (
    ALL,
    EVERYONE,
    KNOWN,
    LITTLE_HISTORY,
    NEW_ITEMS,
    NEW_USERS,
    UNSEEN,
    Holdout,
    differences,
    hold_out,
    judge_lists,
    largest_segments,
    summarise,
)

# Users: 0 has item 0 and takes it again and item 1, 1 has item 0 and takes item 2, 2 is new and takes item 1, 3 takes
# nothing. Item 2 is new.
TARGETS = sparse.csr_matrix(np.array([[1, 1, 0], [0, 0, 1], [0, 1, 0], [0, 0, 0]], dtype=bool))
BOUGHT = sparse.csr_matrix(np.array([[1, 0, 0], [1, 0, 0], [0, 0, 0], [0, 1, 0]], dtype=np.float32))
SEGMENTS = np.array(["uk", "france", "uk", "uk"])
IS_NEW = np.array([False, False, True])


def holdout(most: int = 100) -> Holdout:
    return hold_out(TARGETS, BOUGHT, BOUGHT, SEGMENTS, IS_NEW, most)


def test_views_are_what_users_took_what_was_unseen_and_what_was_new() -> None:
    held = holdout()
    assert held.users.tolist() == [0, 1, 2]
    assert held.views[ALL].relevant.toarray().tolist() == TARGETS.toarray()[:3].tolist()
    assert held.views[UNSEEN].relevant.toarray().astype(int).tolist() == [[0, 1, 0], [0, 0, 1], [0, 1, 0]]
    assert held.views[NEW_ITEMS].rows.tolist() == [1]
    assert held.views[NEW_ITEMS].relevant.toarray().astype(int).tolist() == [[0, 0, 1]]


def test_groups_are_of_the_users_of_each_view() -> None:
    groups = {name: members.tolist() for name, members in holdout().views[ALL].groups.items()}
    assert groups == {
        EVERYONE: [True, True, True], KNOWN: [True, True, False], LITTLE_HISTORY: [True, True, False],
        NEW_USERS: [False, False, True], "segment:uk": [True, False, True], "segment:france": [False, True, False],
    }  # fmt: skip
    assert holdout().views[NEW_ITEMS].groups[NEW_USERS].tolist() == [False]


def test_of_too_many_users_every_nth_is_looked_at() -> None:
    assert holdout(most=2).users.tolist() == [0, 2]
    assert holdout(most=1).users.tolist() == [0]


def test_the_unseen_view_measures_the_lists_without_what_they_had() -> None:
    served, unseen = np.array([[0], [0], [0]], np.int32), np.array([[1], [1], [1]], np.int32)
    found = summarise(judge_lists(served, unseen, holdout()), holdout())
    assert found[ALL][EVERYONE]["users"] == 3
    assert found[ALL][EVERYONE]["recall"] == pytest.approx(1 / 3)  # user 0 takes item 0 again
    assert found[UNSEEN][EVERYONE]["recall"] == pytest.approx(2 / 3)
    assert found[UNSEEN][KNOWN]["recall"] == 0.5
    assert found[UNSEEN][NEW_USERS] == {**found[UNSEEN][NEW_USERS], "users": 1, "recall": 1.0}
    assert found[NEW_ITEMS][EVERYONE] == {**found[NEW_ITEMS][EVERYONE], "users": 1, "recall": 0.0}
    assert found[ALL][EVERYONE]["coverage"] == pytest.approx(1 / 3)
    low, high = found[UNSEEN][EVERYONE]["intervals"]["recall"]
    assert 0 <= low < 2 / 3 < high <= 1


def test_differences_are_paired_and_without_noise_between_equal_lists() -> None:
    lists = np.array([[0], [2], [1]], np.int32)
    mine, same = (judge_lists(lists, lists, holdout()) for _ in range(2))
    worse = judge_lists(np.array([[2], [2], [1]], np.int32), lists, holdout())
    assert differences(mine, same, holdout())[ALL][EVERYONE]["recall"] == (0, 0, 0)
    value, low, high = differences(mine, worse, holdout())[ALL][EVERYONE]["recall"]
    assert value == pytest.approx(1 / 3) and 0 <= low <= value <= high
    assert differences(mine, worse, holdout())[ALL][NEW_USERS]["recall"] == (0, 0, 0)


def test_a_holdout_without_anybody_has_no_metrics() -> None:
    nobody = hold_out(sparse.csr_matrix((4, 3), dtype=bool), BOUGHT, BOUGHT, SEGMENTS, IS_NEW, 9)
    none = np.empty((0, 2), np.int32)
    found = summarise(judge_lists(none, none, nobody), nobody)
    assert found[ALL][EVERYONE] == {"users": 0, "intervals": {}, "coverage": 0.0, "popularity_bias": 0.0}
    assert differences(judge_lists(none, none, nobody), judge_lists(none, none, nobody), nobody)[ALL][EVERYONE] == {}


def test_segments_are_the_largest_first_and_five_at_most() -> None:
    names = np.array(["a"] * 1 + ["b"] * 3 + ["c"] * 2 + ["d", "e", "f"])
    assert largest_segments(names) == ["b", "c", "a", "d", "e"]
