"""How often lists came out shorter or older than asked for, and why."""

from __future__ import annotations

from collections import Counter

import numpy as np

from include.ranking.catalogue import Catalogue, UserRows
from include.ranking.lists import ExplainedLists
from include.types import NOTHING, Integers

CAUSES = ("catalogue", "allow_list", "seen", "category_cap")
FEW_NEW = "few_new_items"


def shortfall(catalogue: Catalogue, users: UserRows, lists: ExplainedLists) -> dict[str, int]:
    """Return the number of users for each thing that kept a list from being as asked for.

    Of lists with less than N items, the first of these that holds:

    - ``catalogue``: stock, blocklists and the limit of age leave less than N items;
    - ``allow_list``: so does what is left of them in the segment's allow list;
    - ``seen``: so does what the user has not seen of that;
    - ``category_cap``: there were N, but in too few categories.

    And, whatever its length, ``few_new_items``: fewer new items than `min_new_share` asks for.
    """
    rules = catalogue.rules
    causes: Counter[str] = Counter()
    there = lists.items != NOTHING
    for user in np.flatnonzero(there.sum(axis=1) < rules.top_n):
        allowed = rules.profile(str(users.segments[user])).allowed
        seen = _row(users, int(user))
        if rules.common.allowed.sum() < rules.top_n:
            causes[CAUSES[0]] += 1
        elif allowed.sum() < rules.top_n:
            causes[CAUSES[1]] += 1
        elif allowed.sum() - allowed[seen].sum() < rules.top_n:
            causes[CAUSES[2]] += 1
        else:
            causes[CAUSES[3]] += 1
    if rules.min_new:
        new = (rules.is_new[lists.items] & there).sum(axis=1) if len(rules.is_new) else there.sum(axis=1)
        causes[FEW_NEW] = int((new < rules.min_new).sum())
    return {name: causes[name] for name in (*CAUSES, FEW_NEW) if causes[name]}


def _row(users: UserRows, user: int) -> Integers:
    if users.seen is None:
        return np.empty(0, dtype=np.int32)
    bounds = users.seen.indptr[user : user + 2]
    row: Integers = users.seen.indices[bounds[0] : bounds[1]]
    return row
