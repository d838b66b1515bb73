"""Why an item is in a list: something true that can be said of it.

To add a reason, add a row to `Reason` and, by a migration, to the table `reco.reason`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, Self

import numpy as np
from scipy import sparse

from include.ranking.kernel import contributors
from include.types import NOTHING, Bools, Codes, Floats, Indices, Integers


@dataclass(frozen=True)
class Placed:
    """The places of lists of one segment, and what reasons are found in.

    Attributes
    ----------
    lists
        (n_users, n) item positions, -1 after the end of a list.
    pinned
        (n_users,) number of pinned items at the head.
    history
        (n_users, n_items) CSR of weights: its stored entries.
    personal
        Whether the lists were made of the users' own vectors.
    sources
        (n_users, n), see `sources_of`.
    categories
        (n_items,) category numbers, -1 where it is unknown.
    is_new, popular, popular_here
        (n_items,) what is new, popular with everybody, and with the segment (None: there is no such list).
    own
        (n_users, n_items) CSR: what the repurchase term adds to scores. None: nothing.
    """

    lists: Integers
    pinned: Integers
    history: sparse.csr_matrix
    personal: bool
    sources: Integers
    categories: Integers
    is_new: Bools
    popular: Bools
    popular_here: Bools | None
    own: sparse.csr_matrix | None = None


def sources_of(
    lists: Integers, history: sparse.csr_matrix, personal: bool, vectors: Floats, lengths: Floats | None = None
) -> Integers:
    """Return the item of the user's history that contributes most to each place, -1 where there is none.

    Several lists of the same users may stand side by side: that is quicker than one by one.
    """
    if personal and vectors.shape[1] and history.nnz:
        return contributors(lists, history, vectors, lengths)
    return np.full(lists.shape, NOTHING, dtype=np.int32)


def _at_head(placed: Placed) -> Bools:
    head: Bools = np.arange(placed.lists.shape[1]) < placed.pinned[:, None]
    return head


def _new_in_category(placed: Placed) -> Bools:
    categories = placed.categories
    fresh: Bools = (placed.is_new & (categories != NOTHING))[placed.lists] & (placed.lists != NOTHING)
    users, places = np.nonzero(fresh)
    if len(users):
        span = int(categories.max(initial=0)) + 1
        owners = np.repeat(np.arange(placed.history.shape[0]), np.diff(placed.history.indptr))
        owned = categories[placed.history.indices]
        pairs = np.unique((owners * span + owned)[owned != NOTHING])
        fresh[users, places] = np.isin(users * span + categories[placed.lists[users, places]], pairs)
    return fresh


def _bought_again(placed: Placed) -> Bools | bool:
    if not placed.personal or placed.own is None:
        return False
    rows = np.repeat(np.arange(len(placed.lists)), placed.lists.shape[1])
    added: Bools = entries(placed.own, rows, placed.lists.ravel()).reshape(placed.lists.shape) > 0
    return added


def entries(matrix: sparse.csr_matrix, rows: Indices | Integers, columns: Indices | Integers) -> Floats:
    """Return the matrix's values at (n,) pairs of positions, 0 where it stores none: (n,) float32."""
    found = matrix[rows, columns] if len(rows) else []
    return np.asarray(found, dtype=np.float32).ravel()


class Reason(IntEnum):
    """Codes as the batch and the database store them, each with what must hold; the first that holds is given."""

    holds: Callable[[Placed], Bools | bool]

    def __new__(cls, code: int, holds: Callable[[Placed], Bools | bool]) -> Self:
        """Return the member of that code; `holds` tells for each place, (n_users, n), or for all of them."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.holds = holds
        return member

    PINNED = 5, _at_head
    BOUGHT_AGAIN = 16, _bought_again
    BECAUSE_OF_ITEM = 1, lambda placed: placed.sources != NOTHING
    NEW_IN_CATEGORY = 3, _new_in_category
    POPULAR_IN_SEGMENT = 2, lambda placed: placed.popular_here is not None and placed.popular_here[placed.lists]
    POPULAR = 4, lambda placed: placed.popular[placed.lists]
    TASTE = 6, lambda placed: placed.personal
    IN_THE_SHOP = 7, lambda placed: True
    # Of lists that have one reason for all their entries; a user's own list never gives these
    SIMILAR_ITEM = 8, lambda placed: False
    POPULAR_IN_CATEGORY = 9, lambda placed: False
    BOUGHT_TOGETHER = 10, lambda placed: False
    TRENDING = 11, lambda placed: False
    BEST_SELLER = 12, lambda placed: False
    DUE_AGAIN = 13, lambda placed: False


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


def explain(placed: Placed) -> Reasons:
    """Return the first reason that holds for each place."""
    codes = np.zeros(placed.lists.shape, dtype=np.int8)
    if len(placed.popular):
        for reason in reversed(Reason):
            np.putmask(codes, np.broadcast_to(reason.holds(placed), codes.shape), reason)
        codes[placed.lists == NOTHING] = 0
    return Reasons(codes, np.where(codes == Reason.BECAUSE_OF_ITEM, placed.sources, np.int32(NOTHING)))
