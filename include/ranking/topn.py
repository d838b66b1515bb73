"""The exact N best items of every user, in flat memory.

Scores are computed block by block (some users x some items); users x items never exists.
A score and its item together make one sortable 64-bit key, the score above the item's
position counted backwards, so that one partial sort of whole numbers is exact, ties included.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from include.errors import ValidationError
from include.model.factors import Factors

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int32]
Keys = npt.NDArray[np.uint64]
Strings = npt.NDArray[np.str_]

NOTHING = -1
ITEM_BLOCK = 8192
KEYS_AT_ONCE = 1 << 21  # 16 MiB of keys, about four times that in all
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
    def lengths(self) -> npt.NDArray[np.int64]:
        """Return the length of each list."""
        lengths: npt.NDArray[np.int64] = np.sum(self.items >= 0, axis=1, dtype=np.int64)
        return lengths


def top_n(
    users: Factors,
    items: Factors,
    n: int,
    *,
    exclude: sparse.csr_matrix | None = None,
    allowed: npt.NDArray[np.bool_] | None = None,
    user_names: Strings | None = None,
    item_names: Strings | None = None,
) -> TopN:
    """Return the `n` items with the highest ``p_u . q_i + b_i + b_u`` for each user, equal ones by position.

    Parameters
    ----------
    users, items
        Vectors of equal dimension (0 is one) and biases; `known` is not looked at.
    exclude
        (n_users, n_items): its stored entries are left out.
    allowed
        (n_items,) bool: the rest is left out for everyone.
    user_names, item_names
        For the error; positions are named without them.

    Raises
    ------
    ValidationError
        When a vector, a bias or a score is not finite, by name.
    """
    _check_finite(users, "user", user_names)
    _check_finite(items, "item", item_names)
    columns = np.arange(len(items.biases)) if allowed is None else np.flatnonzero(allowed)
    vectors, biases = items.vectors[columns], items.biases[columns]
    best: Keys = np.zeros((len(users.biases), n), dtype=np.uint64)
    for rows in _blocks(len(users.biases), max(1, KEYS_AT_ONCE // (min(ITEM_BLOCK, len(columns)) + n))):
        left_out = _left_out(exclude, rows, columns, len(items.biases))
        kept = best[rows]
        for block in _blocks(len(columns), ITEM_BLOCK):
            with np.errstate(over="ignore", invalid="ignore"):  # refused below, by name
                scores = users.vectors[rows] @ vectors[block].T + biases[block] + users.biases[rows, None]
            _check_scores(scores, rows.start, columns[block], user_names, item_names)
            keys = encode(scores, columns[block])
            inside = (left_out[1] >= block.start) & (left_out[1] < block.stop)
            keys[left_out[0][inside], left_out[1][inside] - block.start] = NO_KEY
            kept = _largest(np.concatenate([kept, keys], axis=1), n)
        best[rows] = kept
    return decode(best)


def encode(scores: Floats, items: npt.NDArray[np.integer]) -> Keys:
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
    ordered = np.sort(keys, axis=1)[:, ::-1]
    there = ordered != NO_KEY
    high = (ordered >> np.uint64(32)).astype(np.uint32)
    flip = np.where(high >> 31, np.uint32(0x80000000), np.uint32(0xFFFFFFFF))
    scores = np.where(there, (high ^ flip).view(np.float32), np.float32(-np.inf))
    positions = np.where(there, LAST_POSITION - (ordered & LAST_POSITION), NO_KEY).astype(np.int32)
    return TopN(items=np.where(there, positions, np.int32(NOTHING)), scores=scores)


def merge(first: TopN, second: TopN, n: int) -> TopN:
    """Return the `n` best of two lists for each user; no item may be in both."""
    keys = [np.where(found.items >= 0, encode(found.scores, found.items), NO_KEY) for found in (first, second)]
    return decode(_largest(np.concatenate(keys, axis=1), n))


def _largest(keys: Keys, n: int) -> Keys:
    surplus = keys.shape[1] - n
    return np.partition(keys, surplus, axis=1)[:, surplus:] if surplus > 0 and n > 0 else keys[:, :n]


def _blocks(length: int, size: int) -> Iterator[slice]:
    return (slice(start, min(start + size, length)) for start in range(0, length, size))


def _left_out(
    exclude: sparse.csr_matrix | None, rows: slice, columns: npt.NDArray[np.intp], n_items: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return row and column, within the rows and the allowed columns, of each entry to leave out."""
    if exclude is None:
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    place = np.full(n_items, -1, dtype=np.intp)
    place[columns] = np.arange(len(columns))
    bounds = exclude.indptr[rows.start : rows.stop + 1]
    own = place[exclude.indices[bounds[0] : bounds[-1]]]
    row = np.repeat(np.arange(rows.stop - rows.start), np.diff(bounds))
    return row[own >= 0], own[own >= 0]


def _check_finite(factors: Factors, kind: str, names: Strings | None) -> None:
    wrong = np.flatnonzero(~(np.isfinite(factors.vectors).all(axis=1) & np.isfinite(factors.biases)))
    if len(wrong):
        raise ValidationError(
            f"the factors of {len(wrong)} {kind}s are not finite numbers, first {_name(kind, wrong[0], names)}",
            remedy="lower model.learning_rate in the policy, then clear task train and what follows",
        )


def _check_scores(
    scores: Floats, first: int, columns: npt.NDArray[np.intp], users: Strings | None, items: Strings | None
) -> None:
    if not np.isfinite(scores).all():
        row, column = np.argwhere(~np.isfinite(scores))[0]
        raise ValidationError(
            f"the score of {_name('item', columns[column], items)} for {_name('user', first + row, users)} "
            f"is {scores[row, column]}",
            remedy="lower model.learning_rate in the policy, then clear task train and what follows",
        )


def _name(kind: str, position: int, names: Strings | None) -> str:
    return f"{kind} number {position}" if names is None else f"{kind} {names[position]}"
