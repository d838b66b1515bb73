"""At most so many items of a group in a list, applied before the cut to N."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

from include.model.factors import Factors
from include.ranking.topn import NOTHING, Integers, Strings, TopN, merge, top_n

SURPLUS = 3  # times N fetched first; whoever is not full then is served group by group


def capped_top_n(
    users: Factors,
    items: Factors,
    n: int,
    *,
    groups: Integers,
    cap: int,
    exclude: sparse.csr_matrix | None = None,
    allowed: npt.NDArray[np.bool_] | None = None,
    user_names: Strings | None = None,
    item_names: Strings | None = None,
) -> TopN:
    """Return the `n` best items of each user, at most `cap` of one group, exactly.

    A list is short only when there are no more items that the filters and the cap let pass.

    Parameters
    ----------
    users, items, n, exclude, allowed, user_names, item_names
        See `top_n`.
    groups
        (n_items,) int32: the group of each item; items of group -1 have none and know no cap.
    cap
        At least 1.
    """
    fetched = max(n, min(SURPLUS * n, len(groups)))
    found = top_n(users, items, fetched, exclude=exclude, allowed=allowed, user_names=user_names, item_names=item_names)
    lists = apply_cap(found, n, groups, cap)
    more = found.items[:, -1] != NOTHING
    short = np.flatnonzero((lists.items[:, -1] == NOTHING) & more & (fetched < len(groups)))
    if len(short):
        own = None if exclude is None else exclude[short]
        filled = _by_group(take(users, short), items, n, groups, cap, exclude=own, allowed=allowed)
        lists.items[short], lists.scores[short] = filled
    return lists


def apply_cap(found: TopN, n: int, groups: Integers, cap: int) -> TopN:
    """Return the first `n` of each list of `found` of whose group fewer than `cap` stand before them."""
    missing = found.items == NOTHING
    group = np.where(missing, NOTHING, groups[found.items]) if len(groups) else found.items
    width = group.shape[1]
    order = np.argsort(group, axis=1, kind="stable")
    sorted_groups = np.take_along_axis(group, order, axis=1)
    starts = np.ones_like(sorted_groups, dtype=bool)
    starts[:, 1:] = sorted_groups[:, 1:] != sorted_groups[:, :-1]
    run_start = np.maximum.accumulate(np.where(starts, np.arange(width), 0), axis=1)
    nth = np.empty_like(order)
    np.put_along_axis(nth, order, np.arange(width) - run_start, axis=1)
    keep = ~missing & ((nth < cap) | (group == NOTHING))
    chosen = np.argsort(~keep, axis=1, kind="stable")[:, :n]
    there = np.take_along_axis(keep, chosen, axis=1)
    return TopN(
        items=np.where(there, np.take_along_axis(found.items, chosen, axis=1), np.int32(NOTHING)),
        scores=np.where(there, np.take_along_axis(found.scores, chosen, axis=1), np.float32(-np.inf)),
    )


def take(factors: Factors, rows: npt.NDArray[np.integer]) -> Factors:
    """Return the factors of some rows."""
    return Factors(factors.vectors[rows], factors.biases[rows], factors.known[rows])


def _by_group(
    users: Factors,
    items: Factors,
    n: int,
    groups: Integers,
    cap: int,
    *,
    exclude: sparse.csr_matrix | None,
    allowed: npt.NDArray[np.bool_] | None,
) -> TopN:
    """Merge the best `cap` of every group: one pass over all scores, however unlike the groups are."""
    shape = (len(users.biases), n)
    best = TopN(np.full(shape, NOTHING, dtype=np.int32), np.full(shape, -np.inf, dtype=np.float32))
    possible = np.ones(len(groups), dtype=bool) if allowed is None else allowed
    for group in np.unique(groups[possible]):
        limit = n if group == NOTHING else min(cap, n)
        best = merge(best, top_n(users, items, limit, exclude=exclude, allowed=possible & (groups == group)), n)
    return best
