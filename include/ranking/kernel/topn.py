"""The exact N best items of every user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from include.model.factors import Factors
from include.ranking.kernel import plain
from include.ranking.kernel.choice import available
from include.ranking.kernel.choosing import choose
from include.ranking.kernel.explaining import contributors
from include.ranking.kernel.finite import Extent, check_finite, check_own, check_scores, extent_of
from include.ranking.kernel.group_ranking import best_of_groups
from include.ranking.kernel.groups import group_items
from include.ranking.kernel.jit import keep_machine_code
from include.ranking.kernel.lists import TopN
from include.ranking.kernel.reranking import rerank
from include.types import Bools, Indices, Strings

if TYPE_CHECKING:
    from include.ranking.kernel.scan import Panels


@dataclass(frozen=True)
class PackedItems:
    """The items that may be recommended, packed once for any number of users.

    Attributes
    ----------
    factors
        All items.
    columns
        Positions of the packed ones, rising.
    extent
        Of all items: whether a score may overflow.
    panels
        Their copy for the compiled kernel; None: numpy ranks.
    """

    factors: Factors
    columns: Indices
    extent: Extent
    panels: Panels | None

    @property
    def count(self) -> int:
        """Return how many are packed."""
        return len(self.columns)


def pack_items(
    factors: Factors, allowed: Bools | None = None, names: Strings | None = None, *, compiled: bool | None = None
) -> PackedItems:
    """Return the `allowed` items, all by default, ready for `top_n`.

    Parameters
    ----------
    names
        (n_items,) for the error.
    compiled
        Whether to rank with the compiled kernel or with numpy. None: compiled where that is possible.

    Raises
    ------
    ValidationError
        When a factor is not a finite number.
    """
    check_finite(factors, "item", names)
    columns = np.arange(len(factors.biases)) if allowed is None else np.flatnonzero(allowed)
    if not (available() if compiled is None else compiled):
        return PackedItems(factors, columns, extent_of(factors), None)
    from include.ranking.kernel.compiled import make_panels

    return PackedItems(factors, columns, extent_of(factors), make_panels(factors, columns))


def top_n(
    users: Factors,
    items: Factors | PackedItems,
    n: int,
    *,
    exclude: sparse.csr_matrix | None = None,
    allowed: Bools | None = None,
    user_names: Strings | None = None,
    item_names: Strings | None = None,
    own: sparse.csr_matrix | None = None,
    threads: int = 1,
    compiled: bool | None = None,
) -> TopN:
    """Return the `n` items with the highest ``p_u . q_i + b_i + b_u + own_ui`` for each user, equal ones by position.

    A user's list is the same to the last bit, whatever users come with them, on any number of threads, compiled or
    not (on a processor that multiplies and adds in one step, as all with AVX2 or NEON do).

    Parameters
    ----------
    users, items
        Vectors of equal dimension (0 is allowed) and biases; `known` is ignored. To rank for the same items
        again, pack them once with `pack_items`.
    exclude
        (n_users, n_items): its stored entries are left out.
    allowed, compiled
        See `pack_items`; packed items have their own.
    user_names, item_names
        For the error; positions are named without them.
    own
        (n_users, n_items) float32 CSR: what is added to the scores of a user's own items. None: nothing.
    threads
        Processors to use; numpy ranks on one and leaves the rest to its BLAS.

    Raises
    ------
    ValidationError
        When a vector, a bias or a score is not finite, by name.
    """
    check_finite(users, "user", user_names)
    packed = items if isinstance(items, PackedItems) else pack_items(items, allowed, item_names, compiled=compiled)
    check_scores(users, packed.factors, packed.extent, user_names, item_names)
    if own is not None:
        return _with_own(users, packed, n, exclude, own, user_names, threads)
    best = TopN.empty(len(users.biases), n)
    n = min(n, packed.count)
    if n and packed.panels is None:
        plain.rank_users(users, packed.factors, packed.columns, n, exclude, best)
    elif n and packed.panels is not None:
        from include.ranking.kernel.compiled import rank_users

        rank_users(users, packed.panels, packed.count, n, exclude, threads, best)
    return best


def _with_own(
    users: Factors,
    packed: PackedItems,
    n: int,
    exclude: sparse.csr_matrix | None,
    own: sparse.csr_matrix,
    user_names: Strings | None,
    threads: int,
) -> TopN:
    mine = _eligible(own, packed.columns, exclude)
    check_own(mine, user_names)
    left_out = _pattern(mine) if exclude is None else _pattern(mine) + _pattern(exclude)
    best = top_n(users, packed, n, exclude=left_out, threads=threads)
    if packed.panels is None:
        plain.insert_owned(users, packed.factors, mine, best)
    else:
        from include.ranking.kernel.compiled import insert_owned

        insert_owned(users, packed.factors, mine, threads, best)
    return best


def _pattern(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return the stored entries of a matrix as a bool CSR."""
    return sparse.csr_matrix((np.ones(matrix.nnz, bool), matrix.indices, matrix.indptr), matrix.shape)


def _eligible(own: sparse.csr_matrix, columns: Indices, exclude: sparse.csr_matrix | None) -> sparse.csr_matrix:
    """Return the entries of `own` (n_users, n_items) at `columns` that `exclude` does not leave out."""
    kept = np.zeros(own.shape[1], bool)
    kept[columns] = True
    there = kept[own.indices]
    if exclude is not None and exclude.nnz:
        owners = np.repeat(np.arange(own.shape[0], dtype=np.int64), np.diff(own.indptr)) * own.shape[1]
        others = np.repeat(np.arange(own.shape[0], dtype=np.int64), np.diff(exclude.indptr)) * own.shape[1]
        there &= ~np.isin(owners + own.indices, others + exclude.indices)
    counts = np.concatenate([[0], np.cumsum(there)])
    return sparse.csr_matrix(
        (own.data[there].astype(np.float32), own.indices[there], counts[own.indptr]), shape=own.shape
    )


def compile_kernel() -> str | None:
    """Compile what lists need, or load what is kept; return the folder where it is kept, None if there is none."""
    if not available():
        return None
    lists = TopN.empty(1, 1)
    rerank(lists, lists, False, lists, np.zeros(1, np.int32), np.ones(1, bool), 1, 1, 1)
    choose(lists, np.ones(1, bool), np.zeros(1, np.int32), lists.items)
    one = Factors(np.ones((1, 1), np.float32), np.ones(1, np.float32), np.ones(1, bool))
    groups = group_items(np.zeros(1, np.int32), np.ones(1, bool))
    best_of_groups(one, one, groups, lists.items, np.ones(groups.count, np.int32), 1)
    contributors(lists.items, sparse.csr_matrix(np.ones((1, 1), np.float32)), np.ones((1, 1), np.float32))
    folder = keep_machine_code()
    return None if folder is None else str(folder)
