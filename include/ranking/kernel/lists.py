"""Ranked lists as arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from include.types import NOTHING, Floats, Integers, Longs


class TopN(NamedTuple):
    """Lists in rank order.

    Attributes
    ----------
    items
        (n_users, n) int32 positions; -1 after the end of a list.
    scores
        (n_users, n) float32; -inf after the end of a list.
    """

    items: Integers
    scores: Floats

    @property
    def lengths(self) -> Longs:
        """Return the length of each list."""
        return list_lengths(self.items)

    @classmethod
    def empty(cls, n_users: int, n: int) -> TopN:
        """Return lists with `n` places and nothing in them."""
        shape = (n_users, n)
        return cls(np.full(shape, NOTHING, dtype=np.int32), np.full(shape, -np.inf, dtype=np.float32))


def list_lengths(items: Integers) -> Longs:
    """Return the length of each list of (n_users, n) positions: (n_users,) int64."""
    lengths: Longs = np.sum(items != NOTHING, axis=1, dtype=np.int64)
    return lengths


def merge(first: TopN, second: TopN, n: int) -> TopN:
    """Return the `n` best of two lists for each user, equal ones by position; no item may be in both."""
    if not first.items.shape[1]:
        return TopN(second.items[:, :n], second.scores[:, :n])
    items, scores = (np.concatenate(both, axis=1) for both in zip(first, second, strict=True))
    order = np.lexsort((items, -scores), axis=1)[:, :n]
    return TopN(np.take_along_axis(items, order, axis=1), np.take_along_axis(scores, order, axis=1))
