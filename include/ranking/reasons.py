"""Why an item is in a list: something true that can be said of it."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from scipy import sparse

from include.ranking.kernel import contributors
from include.types import NOTHING, Bools, Codes, Floats, Integers


class Reason(IntEnum):
    """Codes as the batch and the database store them."""

    BECAUSE_OF_ITEM = 1
    POPULAR_IN_SEGMENT = 2
    NEW_IN_CATEGORY = 3
    POPULAR = 4
    PINNED = 5
    TASTE = 6
    IN_THE_SHOP = 7


class Reasons(NamedTuple):
    """One reason for each place of a list.

    Attributes
    ----------
    codes
        (n_users, n) int8, see `Reason`; 0 where the list has ended.
    items
        (n_users, n) int32: the item of the user's history that BECAUSE_OF_ITEM names, else -1.
    """

    codes: Codes
    items: Integers


def explain(
    lists: Integers,
    pinned: Integers,
    history: sparse.csr_matrix,
    *,
    personal: bool,
    vectors: Floats,
    categories: Integers,
    is_new: Bools,
    popular: Bools,
    popular_here: Bools | None,
    lengths: Floats | None = None,
) -> Reasons:
    """Return the first reason that holds for each place of lists of one segment.

    PINNED; BECAUSE_OF_ITEM, see `contributors`; NEW_IN_CATEGORY when the item is new and the user's
    history has its category; POPULAR_IN_SEGMENT; POPULAR; then TASTE for those whom the model
    knows, IN_THE_SHOP for others.

    Parameters
    ----------
    lists
        (n_users, n) item positions, -1 after the end of a list.
    pinned
        (n_users,) number of pinned items at the head.
    history
        (n_users, n_items) CSR of weights: its stored entries.
    personal
        Whether the lists were made of the users' own vectors.
    vectors
        (n_items, d) item vectors.
    categories
        (n_items,) category numbers, -1 where it is unknown.
    is_new, popular, popular_here
        (n_items,) what is new, popular with everybody, and with the segment (None: there is no such list).
    lengths
        (n_items,) of the vectors, for who has them.
    """
    code = np.full(len(popular) + 1, Reason.TASTE if personal else Reason.IN_THE_SHOP, dtype=np.int8)
    code[:-1][popular] = Reason.POPULAR
    if popular_here is not None:
        code[:-1][popular_here] = Reason.POPULAR_IN_SEGMENT
    code[NOTHING] = 0
    codes = code[lists]
    sources = np.full(lists.shape, NOTHING, dtype=np.int32)
    if lists.size and len(popular):
        if (candidates := is_new & (categories != NOTHING)).any():
            codes[_new_in_category(lists, history, categories, candidates)] = Reason.NEW_IN_CATEGORY
        if personal and vectors.shape[1] and history.nnz:
            sources = contributors(lists, history, vectors, lengths)
            codes[sources != NOTHING] = Reason.BECAUSE_OF_ITEM
    if pinned.any():
        at_head = (np.arange(lists.shape[1]) < pinned[:, None]) & (lists != NOTHING)
        codes[at_head], sources[at_head] = Reason.PINNED, NOTHING
    return Reasons(codes, sources)


def _new_in_category(lists: Integers, history: sparse.csr_matrix, categories: Integers, candidates: Bools) -> Bools:
    fresh: Bools = (lists != NOTHING) & candidates[lists]
    users, places = np.nonzero(fresh)
    span = int(categories.max(initial=0)) + 1
    owners = np.repeat(np.arange(history.shape[0]), np.diff(history.indptr))
    owned = categories[history.indices]
    pairs = np.unique((owners * span + owned)[owned != NOTHING])
    fresh[users, places] = np.isin(users * span + categories[lists[users, places]], pairs)
    return fresh
