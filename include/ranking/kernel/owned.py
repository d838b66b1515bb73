"""The compiled part of what is added to the scores of a user's own items: the repurchase term.

It touches few items of a user, so the ranking leaves these out, and they are scored one by one and put in their places.
A ranking without the term does not pass here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from include.ranking.kernel.jit import jit, jit_entry
from include.ranking.kernel.simd import fused
from include.types import NOTHING


@jit_entry
def insert(
    items: Any, scores: Any, indptr: Any, indices: Any, added: Any, user_vectors: Any, user_biases: Any,
    item_vectors: Any, item_biases: Any,
) -> None:  # fmt: skip
    """Score each own item as the kernel does, add what is its own, and move the rest of the list down."""
    n, depth = items.shape[1], user_vectors.shape[1]
    for user in range(items.shape[0]):
        listed, listed_scores, count = items[user], scores[user], 0
        while count < n and listed[count] != NOTHING:
            count += 1
        for entry in range(indptr[user], indptr[user + 1]):
            item = indices[entry]
            score = user_biases[user] + item_biases[item]
            for k in range(depth):
                score = fused(user_vectors[user, k], item_vectors[item, k], score)
            score = score + added[entry] + np.float32(0)  # -0 becomes 0
            count = put(listed, listed_scores, count, n, item, score)


@jit
def put(items: Any, scores: Any, count: Any, limit: Any, item: Any, score: Any) -> Any:
    """Put an item where it belongs among `count` sorted ones, of which `limit` stay; return how many there are now."""
    place = min(count, limit - 1)
    full = count == limit
    if place < 0 or (full and (scores[place] > score or (scores[place] == score and items[place] < item))):
        return count
    while place > 0 and (scores[place - 1] < score or (scores[place - 1] == score and items[place - 1] > item)):
        scores[place], items[place] = scores[place - 1], items[place - 1]
        place -= 1
    scores[place], items[place] = score, item
    return min(count + 1, limit)
