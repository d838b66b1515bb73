"""The compiled way to rank within groups: a group's vectors by dimension, so that its items are scored side by side."""

from __future__ import annotations

from typing import Any

import numpy as np

from include.ranking.kernel.jit import jit, jit_entry
from include.ranking.kernel.owned import put
from include.ranking.kernel.simd import fused
from include.types import NOTHING

LEFT_OUT = np.float32(-np.inf)


@jit_entry
def rank_groups(
    user_vectors: Any, user_biases: Any, item_vectors: Any, item_biases: Any, members: Any, starts: Any, wanted: Any,
    limits: Any, exclude_ends: Any, excluded: Any, own_ends: Any, owned: Any, added: Any, items: Any,
    scores: Any,
) -> None:  # fmt: skip
    """Write the best of each user's groups to `items` and `scores`; see `compiled.rank_groups`."""
    depth, n = item_vectors.shape[1], items.shape[1]
    vectors, places, widest = pack(item_vectors, members, starts)
    row = np.empty(widest, np.float32)
    best_items, best_scores = np.empty(n, np.int32), np.empty(n, np.float32)
    for user in range(items.shape[0]):
        listed, listed_scores, count = items[user], scores[user], 0
        for group in wanted[min(user, len(wanted) - 1)]:
            if group == NOTHING:
                continue
            first, size = starts[group], starts[group + 1] - starts[group]
            for place in range(size):
                row[place] = user_biases[user] + item_biases[members[first + place]]
            for k in range(depth):
                at = first * depth + k * size
                weight, column = user_vectors[user, k], vectors[at : at + size]
                for place in range(size):
                    row[place] = fused(weight, column[place], row[place])
            for entry in range(own_ends[user], own_ends[user + 1]):
                place = places[owned[entry]] - first
                if 0 <= place < size:
                    row[place] += added[entry]
            for entry in range(exclude_ends[user], exclude_ends[user + 1]):
                place = places[excluded[entry]] - first
                if 0 <= place < size:
                    row[place] = LEFT_OUT
            chosen, limit, least = 0, min(limits[group], n), LEFT_OUT
            for place in range(size):
                if row[place] > least:  # an equal one comes later and stays behind
                    score = row[place] + np.float32(0)  # -0 becomes 0
                    chosen = put(best_items, best_scores, chosen, limit, members[first + place], score)
                    if chosen == limit:
                        least = best_scores[limit - 1]
            for place in range(chosen):
                count = put(listed, listed_scores, count, n, best_items[place], best_scores[place])


@jit
def pack(item_vectors: Any, members: Any, starts: Any) -> Any:
    """Return the members' vectors, dimension by dimension in each group, where each item is, and the largest group."""
    depth = item_vectors.shape[1]
    vectors = np.empty(len(members) * depth, np.float32)
    places = np.full(item_vectors.shape[0], -1, np.int64)
    widest = 0
    for group in range(len(starts) - 1):
        first, size = starts[group], starts[group + 1] - starts[group]
        widest = max(widest, size)
        for place in range(size):
            item = members[first + place]
            places[item] = first + place
            for k in range(depth):
                vectors[first * depth + k * size + place] = item_vectors[item, k]
    return vectors, places, widest
