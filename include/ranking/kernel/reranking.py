"""Reranking: down a ranking, taking what the rules allow."""

from __future__ import annotations

from typing import Any

import numpy as np

from include.ranking.kernel.choice import available
from include.ranking.kernel.jit import jit, jit_entry
from include.ranking.kernel.lists import TopN
from include.types import NOTHING, Bools, Codes, Integers

FULL, ENDED, UNDECIDED = 0, 1, 2
"""How a list came out: N entries; shorter, and nothing is left; further candidates are needed to tell."""


def rerank(
    pinned: TopN,
    first: TopN,
    first_goes_on: bool,
    new: TopN,
    categories: Integers,
    is_new: Bools,
    n: int,
    cap: int,
    min_new: int,
) -> tuple[TopN, Integers, Codes]:
    """Return each user's list, the number of pinned items at its head, and how it came out.

    In order: pinned items; then down the ranking, at most `n - min_new` that are not new; then, where that
    leaves places free, what was skipped for not being new. The cap holds throughout. What is
    not pinned stays in the order of the ranking.

    Parameters
    ----------
    pinned
        (n_users, p), -1 where the user may not have the item.
    first
        (n_users, m) the best of everything that is not pinned, -1 after the end.
    first_goes_on
        Whether there may be more beyond a list of `first` that is full.
    new
        (n_users, k) the best new ones of them; there may be more.
    categories, is_new
        (n_items,) int32, -1 where it is unknown: such items know no cap; bool.
    n, cap, min_new
        See `Rules`.
    """
    available()  # keeps the machine code
    # One layout is compiled
    ranked = [np.ascontiguousarray(array) for lists in (pinned, first, new) for array in lists]
    items, scores, ahead, outcome = rerank_lists(*ranked, bool(first_goes_on), categories, is_new, n, cap, min_new)
    return TopN(items, scores), ahead, outcome


@jit_entry
def rerank_lists(
    pinned: Any, pinned_scores: Any, first: Any, first_scores: Any, new: Any, new_scores: Any,
    first_goes_on: bool, categories: Any, is_new: Any, n: int, cap: int, min_new: int,
) -> Any:  # fmt: skip
    """Do the work of `rerank`."""
    users = pinned.shape[0]
    items = np.full((users, n), np.int32(NOTHING))
    scores = np.full((users, n), np.float32(-np.inf))
    ahead = np.zeros(users, np.int32)
    outcome = np.zeros(users, np.int8)
    in_category = np.zeros(categories.max() + 2 if len(categories) else 1, np.int32)  # -1 is the last
    owners = np.full(len(categories), -1, np.int32)  # the last user who got the item
    for user in range(users):
        row, values = items[user], scores[user]
        state = (user, row, values, categories, is_new, in_category, owners, cap)
        count, old = _take(pinned[user], pinned_scores[user], n, 0, 0, state)
        ahead[user] = count
        count, old = _take(first[user], first_scores[user], n - min_new, count, old, state)
        more = first_goes_on and _is_full(first[user])
        undecided = False
        if count < n and min_new > 0:
            if more and old < n - min_new:
                undecided = True
            elif more:
                count, old = _take(new[user], new_scores[user], n, count, old, state)
                undecided = count < n and _is_full(new[user])
            if not undecided:
                count, old = _take(first[user], first_scores[user], n, count, old, state)
        if count == n:
            outcome[user] = FULL
        elif undecided or more:
            outcome[user] = UNDECIDED
        else:
            outcome[user] = ENDED
        for place in range(count):
            in_category[categories[row[place]]] = 0
        _sort(row, values, ahead[user], count)
    return items, scores, ahead, outcome


@jit
def _is_full(ranked: Any) -> Any:
    """Tell whether a list goes on to its last place, so that there may be more beyond it."""
    return len(ranked) > 0 and ranked[len(ranked) - 1] != NOTHING


@jit
def _take(ranked: Any, given: Any, most_old: int, count: int, old: int, state: Any) -> Any:
    """Add what the user does not have yet to the list; return its length, and how many of it are not new.

    Items of a full category are skipped, and so are those that are not new once there are `most_old` of them.
    """
    user, row, values, categories, is_new, in_category, owners, cap = state
    for place in range(len(ranked)):
        if count == len(row):
            break
        item = ranked[place]
        if item == NOTHING or owners[item] == user or (not is_new[item] and old >= most_old):
            continue
        category = categories[item]
        if cap and category != NOTHING and in_category[category] >= cap:
            continue
        in_category[category] += 1
        owners[item] = user
        old += not is_new[item]
        row[count], values[count] = item, given[place]
        count += 1
    return count, old


@jit
def _sort(items: Any, scores: Any, start: int, end: int) -> None:
    """Sort by falling score, equal ones by position: insertion, because most of it is in order."""
    for place in range(start + 1, end):
        item, score = items[place], scores[place]
        other = place - 1
        while other >= start and (scores[other] < score or (scores[other] == score and items[other] > item)):
            items[other + 1], scores[other + 1] = items[other], scores[other]
            other -= 1
        items[other + 1], scores[other + 1] = item, score
