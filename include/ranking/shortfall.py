"""How often lists came out shorter or older than asked for, and why."""

from __future__ import annotations

from collections import Counter

import numpy as np

from include.ranking.catalogue import Catalogue, UserSlice
from include.ranking.lists import ExplainedLists
from include.types import NOTHING


def shortfall(catalogue: Catalogue, users: UserSlice, lists: ExplainedLists) -> dict[str, int]:
    """Return the number of users for each thing that kept a list from being as asked for.

    Of lists with less than N items, the first of these that holds:

    - ``catalogue``: stock, blocklists and the limit of age leave less than N items;
    - ``allow_list``: so does what is left of them in the segment's allow list;
    - ``seen``: so does what the user has not seen of that;
    - ``category_cap``: there were N, but in too few categories.

    And, whatever its length, ``few_new_items``: fewer new items than `min_new_share` asks for.
    """
    rules, n = catalogue.rules, catalogue.rules.top_n
    causes: Counter[str] = Counter()
    there = lists.items != NOTHING
    short = there.sum(axis=1) < n
    for segment in np.unique(users.segments[short]):
        allowed = rules.profile(str(segment)).allowed
        mine = np.flatnonzero(short & (users.segments == segment))
        seen = np.zeros(len(mine)) if users.seen is None else users.seen[mine] @ allowed.astype(np.int64)
        left = int((allowed.sum() - seen >= n).sum())
        if rules.common.allowed.sum() < n:
            causes["catalogue"] += len(mine)
        elif allowed.sum() < n:
            causes["allow_list"] += len(mine)
        else:
            causes["seen"] += len(mine) - left
            causes["category_cap"] += left
    if rules.min_new:
        new = (rules.is_new[lists.items] & there).sum(axis=1) if len(rules.is_new) else there.sum(axis=1)
        causes["few_new_items"] = int((new < rules.min_new).sum())
    return {name: count for name, count in causes.items() if count}
