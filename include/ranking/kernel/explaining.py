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
        (n_users, n) item positions, -1 where there is none: several lists may stand side by side.
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
    """Take one small matrix product a user, list times history, and one look at each of its cells.

    Contributions that count are above zero, so their bits order them as whole numbers, the highest of which a compiler
    finds by vector instructions; of numbers with a point it would not.
    """
    users = len(lists)
    found = np.full(lists.shape, np.int32(NOTHING))
    longest = 0
    for user in range(users):
        longest = max(longest, indptr[user + 1] - indptr[user])
    values = np.empty(longest, np.float32)
    bits = values.view(np.int32)
    for user in range(users):
        start, end = indptr[user], indptr[user + 1]
        places = np.flatnonzero(lists[user] != NOTHING)
        if end == start or len(places) == 0:
            continue
        had, given = indices[start:end], weights[start:end]
        own, had_lengths = vectors[had], lengths[had]
        products = np.dot(vectors[lists[user][places]], own.T)
        for listed in range(len(places)):
            place, row = places[listed], products[listed]
            item = lists[user, place]
            least = threshold * lengths[item]
            for other in range(end - start):
                value = given[other] * row[other]
                counts = (row[other] >= least * had_lengths[other]) & (had[other] != item) & (value > 0)
                values[other] = value if counts else np.float32(0)
            highest = np.int32(0)
            for other in range(end - start):
                highest = max(highest, bits[other])
            if highest:
                other = 0
                while bits[other] != highest:
                    other += 1
                found[user, place] = had[other]
    return found
