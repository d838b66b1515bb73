"""The exact N best items of every user, in flat memory.

`kernel` does the work, see there. A score and its item together make one sortable 64-bit
key, the score above the item's position counted backwards, so that selecting and sorting
whole numbers is exact, ties included.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from scipy import sparse

from include.model.factors import Factors
from include.ranking.compiled import use_kept
from include.ranking.finite import check_finite, check_scores
from include.ranking.kernel import Plan, Users, rank, unpack
from include.ranking.packing import PackedItems, pack_items, plain, row_lengths
from include.types import NOTHING, Bools, Floats, Integers, Keys, Longs, Positions, Strings

USERS_AT_ONCE = 2048
STRIDE = 12
"""Every how manyth panel is in the sample from which thresholds are chosen."""
CERTAINTY = 3.0
"""Standard deviations by which the sample's share of the N best may exceed what is expected."""
LAST_POSITION = np.uint64(0xFFFFFFFF)
NO_KEY = np.uint64(0)


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


def list_lengths(items: Integers) -> Longs:
    """Return how long each list of (n_users, n) positions is: (n_users,)."""
    lengths: Longs = np.sum(items >= 0, axis=1, dtype=np.int64)
    return lengths


def top_n(
    users: Factors,
    items: Factors | PackedItems,
    n: int,
    *,
    exclude: sparse.csr_matrix | None = None,
    allowed: Bools | None = None,
    user_names: Strings | None = None,
    item_names: Strings | None = None,
    threads: int = 1,
) -> TopN:
    """Return the `n` items with the highest ``p_u . q_i + b_i + b_u`` for each user, equal ones by position.

    A user's list is the same, to the last bit, with whomever and on however many threads it is computed.

    Parameters
    ----------
    users, items
        Vectors of equal dimension (0 is one) and biases; `known` is not looked at. Who calls
        more than once for the same items packs them once, see `pack_items`.
    exclude
        (n_users, n_items): its stored entries are left out.
    allowed
        (n_items,) bool: the rest is left out for everyone. Packed items have their own.
    user_names, item_names
        For the error; positions are named without them.
    threads
        Processors to use.

    Raises
    ------
    ValidationError
        When a vector, a bias or a score is not finite, by name.
    """
    use_kept()
    check_finite(users, "user", user_names)
    packed = items if isinstance(items, PackedItems) else pack_items(items, allowed, item_names)
    check_scores(users, packed.factors, user_names, item_names)
    shape = (len(users.biases), n)
    best = TopN(np.full(shape, NOTHING, dtype=np.int32), np.full(shape, -np.inf, dtype=np.float32))
    plan = make_plan(min(n, packed.count), packed.count, len(packed.panels.longest))
    if plan.n == 0:
        return best
    asked = _users(users, exclude)

    def fill(start: int) -> None:
        stop = min(start + USERS_AT_ONCE, len(users.biases))
        keys: Keys = np.empty((stop - start, plan.n + max(8, plan.n // 8)), dtype=np.uint64)
        rank(asked, packed.panels, plan, start, stop, keys)
        keys.sort(axis=1)
        unpack(keys, best.items[start:stop], best.scores[start:stop])

    starts = range(0, len(users.biases), USERS_AT_ONCE)
    if threads == 1 or len(starts) < 2:
        for start in starts:
            fill(start)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(fill, starts))
    return best


def make_plan(n: int, n_items: int, n_panels: int) -> Plan:
    """Return how the kernel guesses thresholds for lists of `n` of `n_items`; few panels are no sample."""
    if n_panels < 2 * STRIDE:
        return Plan(n, 0, 0)
    expected = n * math.ceil(n_panels / STRIDE) / n_panels
    return Plan(n, STRIDE, min(n, math.ceil(expected + CERTAINTY * math.sqrt(expected)) + 1))


def encode(scores: Floats, items: Positions) -> Keys:
    """Return keys that sort like the scores, and for equal scores like the positions backwards.

    The bits of a float32 sort like whole numbers once negative ones are inverted and positive
    ones moved above them; adding 0 makes -0 and 0 equal. Key 0 stands for no item.
    """
    bits = (scores + np.float32(0)).view(np.uint32)
    flip = np.where(bits >> 31, np.uint32(0xFFFFFFFF), np.uint32(0x80000000))
    keys: Keys = (bits ^ flip).astype(np.uint64) << np.uint64(32) | (LAST_POSITION - items.astype(np.uint64))
    return keys


def decode(keys: Keys) -> TopN:
    """Return the lists that `keys` (n_users, n), in any order, stand for."""
    ordered = np.sort(keys, axis=1)
    lists = TopN(np.empty(keys.shape, dtype=np.int32), np.empty(keys.shape, dtype=np.float32))
    unpack(ordered, lists.items, lists.scores)
    return lists


def compile_kernel() -> str | None:
    """Compile what `top_n` needs unless it is kept, see `compiled.use_kept`; return where it is kept."""
    one = Factors(np.ones((1, 1), np.float32), np.ones(1, np.float32), np.ones(1, dtype=bool))
    top_n(one, one, 1, exclude=sparse.csr_matrix((1, 1), dtype=bool))
    folder = use_kept()
    return None if folder is None else str(folder)


def merge(first: TopN, second: TopN, n: int) -> TopN:
    """Return the `n` best of two lists for each user; no item may be in both."""
    keys = [np.where(found.items >= 0, encode(found.scores, found.items), NO_KEY) for found in (first, second)]
    return decode(_largest(np.concatenate(keys, axis=1), n))


def _largest(keys: Keys, n: int) -> Keys:
    surplus = keys.shape[1] - n
    return np.partition(keys, surplus, axis=1)[:, surplus:] if surplus > 0 and n > 0 else keys[:, :n]


def _users(users: Factors, exclude: sparse.csr_matrix | None) -> Users:
    if exclude is None:
        indptr, indices = np.zeros(len(users.biases) + 1, dtype=np.int64), np.empty(0, dtype=np.int32)
    else:
        indptr, indices = exclude.indptr, exclude.indices
    return Users(
        vectors=plain(users.vectors, np.float32),
        biases=plain(users.biases, np.float32),
        lengths=row_lengths(users.vectors),
        indptr=plain(indptr, np.int64),
        indices=plain(indices, np.int32),
    )
