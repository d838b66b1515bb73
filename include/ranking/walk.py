"""The walk down a ranking that takes what the rules let pass, compiled."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from include.types import NOTHING

FULL, ENDED, UNDECIDED = 0, 1, 2
"""How a list came out: N entries; shorter, and nothing is left; further candidates are needed to tell."""
_TAKEN = -2
"""Less the user: the mark of an item that this user has; the user's own number marks what was only offered."""


@numba.njit(nogil=True)  # type: ignore[untyped-decorator]
def walk(
    pinned: Any,
    pinned_scores: Any,
    first: Any,
    first_scores: Any,
    first_goes_on: bool,
    new: Any,
    new_scores: Any,
    new_goes_on: bool,
    categories: Any,
    is_new: Any,
    n: int,
    cap: int,
    min_new: int,
) -> Any:
    """Return items, scores, number of pinned places and outcome of each user's list.

    In order: pinned items; then down the ranking, at most `n - min_new` that are not new; then, where that
    leaves places free, what was passed over for not being new. The cap holds throughout. What is
    not pinned stands in the order of the ranking.

    Parameters
    ----------
    pinned, pinned_scores
        (n_users, p) int32 and float32, -1 where the user may not have the item.
    first, first_scores
        (n_users, m) the best of everything that is not pinned, -1 after the end.
    new, new_scores
        (n_users, k) the best new ones of them.
    first_goes_on, new_goes_on
        Whether there may be more beyond a list that is full.
    """
    users = pinned.shape[0]
    items = np.full((users, n), np.int32(NOTHING))
    scores = np.full((users, n), np.float32(-np.inf))
    ahead = np.zeros(users, np.int32)
    outcome = np.zeros(users, np.int8)
    taken = np.zeros(categories.max() + 2 if len(categories) else 1, np.int32)  # by category; -1 is the last
    offered = np.full(len(categories), -1, np.int32)  # to whom it was offered last, see `_TAKEN`
    for user in range(users):
        row, values = items[user], scores[user]
        count, old = _take_pinned(pinned[user], pinned_scores[user], row, values, categories, is_new, taken, cap)
        ahead[user] = count
        count, old = _take_ranked(
            user, first[user], first_scores[user], row, values, count, old, n - min_new,
            categories, is_new, taken, offered, cap,
        )  # fmt: skip
        more = first_goes_on and _is_full(first[user])
        undecided = False
        if count < n and min_new > 0:
            if more and old < n - min_new:
                undecided = True
            elif more:
                count = _take_new(
                    user, new[user], new_scores[user], row, values, count, categories, taken, offered, cap
                )  # fmt: skip
                undecided = count < n and new_goes_on and _is_full(new[user])
            if count < n and not undecided:
                count = _take_passed_over(
                    user, first[user], first_scores[user], row, values, count, categories, is_new, taken, offered, cap
                )
        if count == n:
            outcome[user] = FULL
        elif undecided or more:
            outcome[user] = UNDECIDED
        else:
            outcome[user] = ENDED
        for place in range(count):
            taken[categories[row[place]]] = 0
        _sort(row, values, ahead[user], count)
    return items, scores, ahead, outcome


@numba.njit(nogil=True)  # type: ignore[untyped-decorator]
def _is_full(ranked: Any) -> Any:
    """Tell whether a list goes on to its last place, so that there may be more beyond it."""
    return len(ranked) > 0 and ranked[len(ranked) - 1] != NOTHING


@numba.njit(nogil=True)  # type: ignore[untyped-decorator]
def _has_room(taken: Any, group: Any, cap: int) -> Any:
    """Tell whether a category takes one more; an unknown one always does, and so do all without a cap."""
    return not cap or group == NOTHING or taken[group] < cap


@numba.njit(nogil=True)  # type: ignore[untyped-decorator]
def _take_pinned(
    pinned: Any, given: Any, row: Any, values: Any, categories: Any, is_new: Any, taken: Any, cap: int
) -> Any:
    """Fill the head of a list and return how many places that took, and how many of them are not new."""
    count = old = 0
    for place in range(len(pinned)):
        item = pinned[place]
        if item == NOTHING or count == len(row) or not _has_room(taken, categories[item], cap):
            continue
        taken[categories[item]] += 1
        old += not is_new[item]
        row[count], values[count] = item, given[place]
        count += 1
    return count, old


@numba.njit(nogil=True)  # type: ignore[untyped-decorator]
def _take_ranked(
    user: int, first: Any, given: Any, row: Any, values: Any, count: int, old: int, most_old: int,
    categories: Any, is_new: Any, taken: Any, offered: Any, cap: int,
) -> Any:  # fmt: skip
    """Walk down the ranking, leave a trace in `offered`, and return the places taken and those not new."""
    for place in range(len(first)):
        item = first[place]
        if item == NOTHING or count == len(row):
            break
        offered[item] = user
        if not _has_room(taken, categories[item], cap):
            continue
        if not is_new[item]:
            if old >= most_old:
                continue
            old += 1
        taken[categories[item]] += 1
        offered[item] = _TAKEN - user
        row[count], values[count] = item, given[place]
        count += 1
    return count, old


@numba.njit(nogil=True)  # type: ignore[untyped-decorator]
def _take_new(
    user: int, new: Any, given: Any, row: Any, values: Any, count: int,
    categories: Any, taken: Any, offered: Any, cap: int,
) -> Any:  # fmt: skip
    """Go on with new items that the ranking was too short for; return the places taken."""
    for place in range(len(new)):
        item = new[place]
        if item == NOTHING or count == len(row):
            break
        if offered[item] == user or offered[item] == _TAKEN - user:
            continue
        if not _has_room(taken, categories[item], cap):
            continue
        taken[categories[item]] += 1
        row[count], values[count] = item, given[place]
        count += 1
    return count


@numba.njit(nogil=True)  # type: ignore[untyped-decorator]
def _take_passed_over(
    user: int, first: Any, given: Any, row: Any, values: Any, count: int,
    categories: Any, is_new: Any, taken: Any, offered: Any, cap: int,
) -> Any:  # fmt: skip
    """Walk the ranking again and take what was passed over for not being new; return the places taken."""
    for place in range(len(first)):
        item = first[place]
        if item == NOTHING or count == len(row):
            break
        if is_new[item] or offered[item] != user or not _has_room(taken, categories[item], cap):
            continue
        taken[categories[item]] += 1
        row[count], values[count] = item, given[place]
        count += 1
    return count


@numba.njit(nogil=True)  # type: ignore[untyped-decorator]
def _sort(items: Any, scores: Any, start: int, end: int) -> None:
    """Sort by falling score, equal ones by position: insertion, because most of it is in order."""
    for place in range(start + 1, end):
        item, score = items[place], scores[place]
        other = place - 1
        while other >= start and (scores[other] < score or (scores[other] == score and items[other] > item)):
            items[other + 1], scores[other + 1] = items[other], scores[other]
            other -= 1
        items[other + 1], scores[other + 1] = item, score
