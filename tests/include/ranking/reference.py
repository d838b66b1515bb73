"""The rules of docs/ranking.md, word by word and slowly: one user at a time, with lists and sets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from include.ranking import Rules


def reference_list(
    scores: np.ndarray, rules: Rules, allowed: set[int], pinned: Sequence[int], seen: set[int]
) -> list[int]:
    """Return the positions of one user's list.

    Parameters
    ----------
    scores
        (n_items,) of this user.
    """
    eligible = {item for item in range(len(scores)) if item in allowed and item not in seen}
    ranking = sorted(eligible - set(pinned), key=lambda item: (-scores[item], item))
    old_places = rules.top_n - rules.min_new
    chosen: list[int] = []

    def has_room(item: int) -> bool:
        category = rules.categories[item]
        same = sum(rules.categories[other] == category for other in chosen)
        return len(chosen) < rules.top_n and (category < 0 or not rules.cap or same < rules.cap)

    for item in pinned:
        if item in eligible and has_room(item):
            chosen.append(item)
    head = list(chosen)
    for item in ranking:
        old = sum(not rules.is_new[other] for other in chosen)
        if has_room(item) and (rules.is_new[item] or old < old_places):
            chosen.append(item)
    for item in ranking:
        if item not in chosen and has_room(item):
            chosen.append(item)
    return head + [item for item in ranking if item in chosen]
