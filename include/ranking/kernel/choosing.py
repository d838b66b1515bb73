"""Choosing: down a ranking, keeping what a placement allows."""

from __future__ import annotations

from typing import Any

import numpy as np

from include.ranking.kernel.choice import available
from include.ranking.kernel.jit import jit_entry
from include.ranking.kernel.lists import TopN
from include.types import NOTHING, Bools, Floats, Integers


def choose(ranked: TopN, allowed: Bools, categories: Integers, favourites: Integers) -> tuple[TopN, Floats]:
    """Return what is allowed of each user's ranking, in order, and the score below which a ranking may go on.

    Parameters
    ----------
    allowed, categories
        (n_items,) bool and int32 numbers, -1 where it is unknown.
    favourites
        (n_users, k) the only categories that a user gets, -1 for none; a row of none allows all.

    Returns
    -------
    chosen, bounds
        As wide as `ranked`; (n_users,) float32, -inf where a ranking has ended.
    """
    available()  # keeps the machine code
    if not ranked.items.shape[1]:
        return TopN(ranked.items, ranked.scores), np.full(len(ranked.items), -np.inf, np.float32)
    items, scores = choose_lists(
        np.ascontiguousarray(ranked.items), np.ascontiguousarray(ranked.scores), allowed, categories,
        np.ascontiguousarray(favourites),
    )  # fmt: skip
    goes_on = ranked.items[:, -1] != NOTHING
    return TopN(items, scores), np.where(goes_on, ranked.scores[:, -1], np.float32(-np.inf))


@jit_entry
def choose_lists(ranked: Any, ranked_scores: Any, allowed: Any, categories: Any, favourites: Any) -> Any:
    """Do the work of `choose`."""
    users, width = ranked.shape
    items = np.full((users, width), np.int32(NOTHING))
    scores = np.full((users, width), np.float32(-np.inf))
    favoured = np.full(categories.max() + 2 if len(categories) else 1, -1, np.int64)  # the last user who has it
    for user in range(users):
        picky = False
        for place in range(favourites.shape[1]):
            category = favourites[user, place]
            if category != NOTHING:
                favoured[category] = user
                picky = True
        count = 0
        for place in range(width):
            item = ranked[user, place]
            if item == NOTHING:
                break
            category = categories[item]
            if allowed[item] and (not picky or (category != NOTHING and favoured[category] == user)):
                items[user, count] = item
                scores[user, count] = ranked_scores[user, place]
                count += 1
    return items, scores
