"""Which item of a user's history speaks most for each item of a list."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from include.ranking.kernel import plain
from include.ranking.kernel.choice import available
from include.ranking.kernel.jit import jit_entry
from include.types import NOTHING, Floats, Integers

MIN_SIMILARITY = 0.5
"""Cosine from which one item explains another; half of what two equal items have."""
MOST_WEIGHT = 1.0
"""What training takes a pair's weight for at most."""


def contributors(
    lists: Integers,
    history: sparse.csr_matrix,
    vectors: Floats,
    lengths: Floats | None = None,
    *,
    compiled: bool | None = None,
) -> Integers:
    """Return, for each place of the lists, the item of the user's history that contributes most to it.

    Item h contributes ``min(weight_uh, 1) * q_h . q_i`` to item i (Hu, Koren and Volinsky 2008, section 5, without
    their matrix, which only ALS has). Only items with a cosine to i of at least `MIN_SIMILARITY` count, so that
    a reader sees the connection; i is no reason for itself.

    Parameters
    ----------
    lists
        (n_users, n) item positions, -1 after the end of a list.
    history
        (n_users, n_items) CSR of weights.
    vectors, lengths
        (n_items, d) and (n_items,), the lengths of the vectors, if the caller has them.
    compiled
        See `pack_items`.

    Returns
    -------
    items
        (n_users, n) int32, the first of equal ones; -1 where none is similar enough.
    """
    history = history if history.has_sorted_indices else history.sorted_indices()
    weights = np.minimum(history.data, np.float32(MOST_WEIGHT)).astype(np.float32)
    if lengths is None:
        lengths = np.linalg.norm(vectors, axis=1).astype(np.float32)
    indices, indptr = history.indices.astype(np.int32, copy=False), history.indptr.astype(np.int64, copy=False)
    find = best_contributors if (available() if compiled is None else compiled) else plain.best_contributors
    found: Integers = find(
        np.ascontiguousarray(lists), indptr, indices, weights, np.ascontiguousarray(vectors), lengths,
        np.float32(MIN_SIMILARITY),
    )  # fmt: skip
    return found


@jit_entry
def best_contributors(
    lists: Any, indptr: Any, indices: Any, weights: Any, vectors: Any, lengths: Any, threshold: Any
) -> Any:
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
