"""Which item of a history speaks most for each item of a list, compiled."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from include.types import NOTHING


@numba.njit(nogil=True)  # type: ignore[untyped-decorator]
def strongest(lists: Any, indptr: Any, indices: Any, weights: Any, vectors: Any, lengths: Any, threshold: Any) -> Any:
    """Take one small matrix product a user, list times history, and one look at each of its cells."""
    users, n = lists.shape
    found = np.full((users, n), np.int32(NOTHING))
    for user in range(users):
        start, end = indptr[user], indptr[user + 1]
        count = 0
        while count < n and lists[user, count] != NOTHING:
            count += 1
        if end == start or count == 0:
            continue
        own = np.empty((end - start, vectors.shape[1]), np.float32)
        for place in range(end - start):
            own[place] = vectors[indices[start + place]]
        listed = np.empty((count, vectors.shape[1]), np.float32)
        for place in range(count):
            listed[place] = vectors[lists[user, place]]
        products = np.dot(listed, own.T)
        for place in range(count):
            item = lists[user, place]
            best = np.float32(0)
            for other in range(end - start):
                product = products[place, other]
                had = indices[start + other]
                value = weights[start + other] * product
                if value > best and had != item and product >= threshold * lengths[item] * lengths[had]:
                    best = value
                    found[user, place] = had
    return found
