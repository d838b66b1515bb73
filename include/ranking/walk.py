"""The walk down a ranking that takes what the rules let pass, compiled."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

NOTHING = -1
FULL, ENDED, UNDECIDED = 0, 1, 2
"""How a list came out: N entries; shorter, and nothing is left; further candidates are needed to tell."""


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
    offered = np.full(len(categories), -1, np.int32)  # the last user to whom the item was offered
    for user in range(users):
        count = old = 0
        for place in range(pinned.shape[1]):
            item = pinned[user, place]
            if item == NOTHING or count == n:
                continue
            group = categories[item]
            if cap and group != NOTHING and taken[group] >= cap:
                continue
            taken[group] += 1
            old += not is_new[item]
            items[user, count], scores[user, count] = item, pinned_scores[user, place]
            count += 1
        ahead[user] = count
        width = first.shape[1]
        more = first_goes_on and width > 0 and first[user, width - 1] != NOTHING
        for place in range(width):
            item = first[user, place]
            if item == NOTHING or count == n:
                break
            offered[item] = user
            group = categories[item]
            if cap and group != NOTHING and taken[group] >= cap:
                continue
            if not is_new[item]:
                if old >= n - min_new:
                    continue
                old += 1
            taken[group] += 1
            offered[item] = -1 - 1 - user  # taken
            items[user, count], scores[user, count] = item, first_scores[user, place]
            count += 1
        undecided = False
        if count < n and min_new > 0:
            if more and old < n - min_new:
                undecided = True
            elif more:
                length = new.shape[1]
                for place in range(length):
                    item = new[user, place]
                    if item == NOTHING or count == n:
                        break
                    if offered[item] == user or offered[item] == -2 - user:
                        continue
                    group = categories[item]
                    if cap and group != NOTHING and taken[group] >= cap:
                        continue
                    taken[group] += 1
                    items[user, count], scores[user, count] = item, new_scores[user, place]
                    count += 1
                undecided = count < n and new_goes_on and length > 0 and new[user, length - 1] != NOTHING
            if count < n and not undecided:
                for place in range(width):
                    item = first[user, place]
                    if item == NOTHING or count == n:
                        break
                    group = categories[item]
                    if is_new[item] or offered[item] != user:
                        continue
                    if cap and group != NOTHING and taken[group] >= cap:
                        continue
                    taken[group] += 1
                    items[user, count], scores[user, count] = item, first_scores[user, place]
                    count += 1
        if count == n:
            outcome[user] = FULL
        elif undecided or more:
            outcome[user] = UNDECIDED
        else:
            outcome[user] = ENDED
        for place in range(count):
            taken[categories[items[user, place]]] = 0
        _sort(items[user], scores[user], ahead[user], count)
    return items, scores, ahead, outcome


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
