"""Why an item is in a list: something true that can be said of it.

To add a reason, add a row to `Reason` and, by a migration, to the table `reco.reason`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
from scipy import sparse

from include.ranking.kernel import contributors
from include.types import NOTHING, Bools, Codes, Floats, Integers


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
    vectors
        (n_items, d) item vectors.
    categories
        (n_items,) category numbers, -1 where it is unknown.
    is_new, popular, popular_here
        (n_items,) what is new, popular with everybody, and with the segment (None: there is no such list).
    lengths
        (n_items,) of the vectors, if the caller has them.
    """

    lists: Integers
    pinned: Integers
    history: sparse.csr_matrix
    personal: bool
    vectors: Floats
    categories: Integers
    is_new: Bools
    popular: Bools
    popular_here: Bools | None
    lengths: Floats | None = None

    @cached_property
    def sources(self) -> Integers:
        """The item of the user's history that contributes most to each place, -1 where there is none."""
        if self.personal and self.vectors.shape[1] and self.history.nnz:
            return contributors(self.lists, self.history, self.vectors, self.lengths)
        return np.full(self.lists.shape, NOTHING, dtype=np.int32)


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
    BECAUSE_OF_ITEM = 1, lambda placed: placed.sources != NOTHING
    NEW_IN_CATEGORY = 3, _new_in_category
    POPULAR_IN_SEGMENT = 2, lambda placed: placed.popular_here is not None and placed.popular_here[placed.lists]
    POPULAR = 4, lambda placed: placed.popular[placed.lists]
    TASTE = 6, lambda placed: placed.personal
    IN_THE_SHOP = 7, lambda placed: True


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
