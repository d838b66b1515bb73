"""The compiled way to rank: items in panels, users in blocks on several threads, `scan` for the work.

A score and its item together make one sortable 64-bit key, the score above the item's position counted
backwards, so that selecting and sorting whole numbers is exact, ties included.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from scipy import sparse

from include.model.factors import Factors
from include.ranking.kernel import grouped
from include.ranking.kernel.groups import Groups
from include.ranking.kernel.lists import TopN
from include.ranking.kernel.owned import insert
from include.ranking.kernel.scan import LOWEST, ROUNDING, Panels, SamplePlan, UserVectors, fill, rank, unpack
from include.ranking.kernel.simd import WIDTH
from include.types import NOTHING, Floats, Indices, Integers, Keys

Scalar = TypeVar("Scalar", bound=np.generic)

USERS_AT_ONCE = 2048
STRIDE = 12
"""Every how manyth panel is in the sample from which thresholds are chosen."""
CERTAINTY = 3.0
"""Standard deviations by which the sample's share of the N best may exceed what is expected."""


def rank_users(
    users: Factors, panels: Panels, count: int, n: int, exclude: sparse.csr_matrix | None, threads: int, best: TopN
) -> None:
    """Write the best `n` of the `count` packed items to `best`; see `top_n`."""
    plan = make_plan(n, count, len(panels.longest))
    asked = _users(users, exclude)

    def rank_some(start: int) -> None:
        stop = min(start + USERS_AT_ONCE, len(users.biases))
        keys: Keys = np.empty((stop - start, plan.n + max(8, plan.n // 8)), dtype=np.uint64)
        rank(asked, panels, plan, start, stop, keys)
        keys.sort(axis=1)
        unpack(keys, best.items[start:stop], best.scores[start:stop])

    _in_blocks(rank_some, len(users.biases), threads)


def insert_owned(users: Factors, items: Factors, own: sparse.csr_matrix, threads: int, best: TopN) -> None:
    """Put the users' own items into their lists `best`, none of which holds one of them."""
    indptr, indices = _plain(own.indptr, np.int64), _plain(own.indices, np.int32)
    added, item_vectors, item_biases = (_plain(array, np.float32) for array in (own.data, items.vectors, items.biases))
    user_vectors, user_biases = _plain(users.vectors, np.float32), _plain(users.biases, np.float32)

    def insert_some(start: int) -> None:
        some = slice(start, start + USERS_AT_ONCE)
        ends = indptr[start : start + USERS_AT_ONCE + 1]
        insert(best.items[some], best.scores[some], ends, indices, added, user_vectors[some], user_biases[some],
               item_vectors, item_biases)  # fmt: skip

    _in_blocks(insert_some, len(users.biases), threads)


def rank_groups(
    users: Factors,
    items: Factors,
    groups: Groups,
    wanted: Integers,
    limits: Integers,
    exclude: sparse.csr_matrix | None,
    own: sparse.csr_matrix | None,
    best: TopN,
) -> None:
    """Write the best of each user's groups to `best`; see `best_of_groups`."""
    nothing = sparse.csr_matrix((len(users.biases), 0), dtype=np.float32)
    left_out, mine = (nothing if matrix is None else matrix for matrix in (exclude, own))
    grouped.rank_groups(
        *(_plain(array, np.float32) for array in (users.vectors, users.biases, items.vectors, items.biases)),
        *(_plain(array, np.int64) for array in (groups.members, groups.starts)),
        *(_plain(array, np.int32) for array in (wanted, limits)),
        _plain(left_out.indptr, np.int64), _plain(left_out.indices, np.int32),
        _plain(mine.indptr, np.int64), _plain(mine.indices, np.int32), _plain(mine.data, np.float32), *best,
    )  # fmt: skip


def _in_blocks(work: Callable[[int], None], n_users: int, threads: int) -> None:
    """Call `work` with the first user of each block."""
    starts = range(0, n_users, USERS_AT_ONCE)
    if threads == 1 or len(starts) < 2:
        for start in starts:
            work(start)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, starts))


def make_plan(n: int, n_items: int, n_panels: int) -> SamplePlan:
    """Return how to guess thresholds for lists of `n` of `n_items`; too few panels are no sample."""
    if n_panels < 2 * STRIDE:
        return SamplePlan(n, 0, 0)
    expected = n * math.ceil(n_panels / STRIDE) / n_panels
    return SamplePlan(n, STRIDE, min(n, math.ceil(expected + CERTAINTY * math.sqrt(expected)) + 1))


def make_panels(factors: Factors, columns: Indices) -> Panels:
    """Return the items at `columns` in panels: one copy of their vectors.

    Items with long vectors and high biases come first. So items with similar bounds share a panel, and a panel
    that cannot reach a user's threshold is skipped.
    """
    lengths, biases = row_lengths(factors.vectors)[columns], factors.biases[columns]
    order = np.argsort(-(lengths + biases), kind="stable")
    columns, lengths, biases = columns[order], lengths[order], biases[order]
    depth, n_panels = factors.vectors.shape[1], -(-len(columns) // WIDTH)
    vectors = np.zeros(n_panels * WIDTH * depth, dtype=np.float32)
    fill(_plain(factors.vectors, np.float32), columns, vectors)
    places = np.full(len(factors.biases), NOTHING, dtype=np.int32)
    places[columns] = np.arange(len(columns), dtype=np.int32)
    slack = np.float32(1 + (depth + 8) * ROUNDING)
    by_panel = _in_panels(biases, n_panels, -np.inf)
    widest = np.abs(_in_panels(biases, n_panels, 0)).max(axis=1, initial=0)
    return Panels(
        vectors=vectors,
        biases=by_panel.reshape(-1),
        items=_in_panels(columns.astype(np.int32), n_panels, 0).reshape(-1),
        places=places,
        longest=_in_panels(lengths, n_panels, 0).max(axis=1, initial=0) * slack,
        highest=by_panel.max(axis=1, initial=LOWEST) + widest * (slack - 1),
    )


def try_out() -> None:
    """Compile, or load, all that ranking needs."""
    one = Factors(np.ones((1, 1), np.float32), np.ones(1, np.float32), np.ones(1, dtype=bool))
    nothing = sparse.csr_matrix((1, 1), dtype=bool)
    best = TopN.empty(1, 1)
    rank_users(one, make_panels(one, np.zeros(1, np.intp)), 1, 1, nothing, 1, best)
    insert_owned(one, one, nothing, 1, best)


def row_lengths(vectors: Floats) -> Floats:
    """Return the Euclidean length of each row, without a copy of the rows; inf when it overflows."""
    with np.errstate(over="ignore"):
        lengths: Floats = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    return lengths


def _users(users: Factors, exclude: sparse.csr_matrix | None) -> UserVectors:
    if exclude is None:
        exclude = sparse.csr_matrix((len(users.biases), 0), dtype=bool)
    return UserVectors(
        vectors=_plain(users.vectors, np.float32),
        biases=_plain(users.biases, np.float32),
        lengths=row_lengths(users.vectors),
        indptr=_plain(exclude.indptr, np.int64),
        indices=_plain(exclude.indices, np.int32),
    )


def _plain(array: npt.NDArray[Any], kind: type[Scalar]) -> npt.NDArray[Scalar]:
    """Return `array` in the one layout that is compiled, without a copy where it has it already."""
    ready: npt.NDArray[Scalar] = np.require(array, kind, ["C_CONTIGUOUS", "WRITEABLE"])
    return ready


def _in_panels(values: npt.NDArray[Scalar], n_panels: int, filling: float) -> npt.NDArray[Scalar]:
    """Return `values` as (n_panels, WIDTH), filled up."""
    panels = np.full(n_panels * WIDTH, filling, dtype=values.dtype)
    panels[: len(values)] = values
    return panels.reshape(n_panels, WIDTH)
