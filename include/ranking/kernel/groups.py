"""Items by category, as the kernel reads them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from include.types import NOTHING, Bools, Indices, Integers


@dataclass(frozen=True)
class Groups:
    """Items by category; those of unknown category are one more group, the last.

    Attributes
    ----------
    members
        Positions of the items, those of a group side by side and rising.
    starts
        (n_groups + 1,) where each group begins among them, and the end.
    """

    members: Indices
    starts: Indices

    @property
    def count(self) -> int:
        """Return the number of groups."""
        return len(self.starts) - 1


def group_items(categories: Integers, allowed: Bools) -> Groups:
    """Return the `allowed` items by their `categories`, both (n_items,); -1 is an unknown category."""
    there, count = np.flatnonzero(allowed), int(categories.max(initial=NOTHING)) + 1
    numbers = np.where(categories[there] == NOTHING, count, categories[there])
    order = np.argsort(numbers, kind="stable")
    return Groups(there[order], np.searchsorted(numbers[order], np.arange(count + 2)))
