"""Ranking metrics of lists against what users really took, user by user.

All of them look at the first k places of a list. `relevant` is what a user took after the cutoff; a user without any
has no metrics and must not be passed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import sparse

from include.types import NOTHING, Bools, Doubles, Integers

NAMES = ("recall", "recall_all", "precision", "ndcg", "map", "mrr", "hit_rate")


def find_hits(lists: Integers, relevant: sparse.csr_matrix) -> Bools:
    """Tell which places hold a relevant item.

    Parameters
    ----------
    lists
        (n_users, k) int32 item positions, best first, -1 where a list has ended.
    relevant
        (n_users, n_items) bool CSR without stored zeros.

    Returns
    -------
    (n_users, k) bool.
    """
    n_items = relevant.shape[1]
    owners = np.repeat(np.arange(relevant.shape[0], dtype=np.int64), np.diff(relevant.indptr))
    wanted = owners * n_items + relevant.indices
    placed = np.arange(len(lists), dtype=np.int64)[:, None] * n_items + lists
    hits: Bools = np.isin(placed, wanted) & (lists != NOTHING)
    return hits


def measure_users(lists: Integers, relevant: sparse.csr_matrix) -> dict[str, Doubles]:
    """Return each metric of `NAMES` for each user, (n_users,) float64 between 0 and 1.

    recall
        hits / min(k, relevant): 1 is reachable for everybody (Liang et al. 2018, arXiv:1802.05814, sec. 4.2).
    recall_all
        hits / relevant, the textbook form (Manning et al. 2008, Introduction to Information Retrieval, ch. 8).
    precision
        hits / k (ibid.).
    ndcg
        sum of 1 / log2(1 + place) over the hits, divided by its best value for min(k, relevant) hits
        (Jaervelin and Kekaelaeinen 2002, binary gains).
    map
        sum of the precision at each hit's place, divided by relevant (Manning et al. 2008, ch. 8).
    mrr
        1 / place of the first hit, 0 without one (Voorhees 1999).
    hit_rate
        1 where there is a hit.

    Raises
    ------
    ValueError
        When a user has nothing relevant, or there are not as many lists as users.
    """
    counts = np.diff(relevant.indptr)
    if len(lists) != relevant.shape[0]:
        raise ValueError(f"{len(lists)} lists for {relevant.shape[0]} users")
    if (counts == 0).any():
        raise ValueError(f"user at row {int(np.argmin(counts))} has nothing relevant: leave such users out")
    k = lists.shape[1]
    hits = find_hits(lists, relevant)
    found = hits.sum(axis=1)
    reachable = np.minimum(k, counts)
    discounts = 1.0 / np.log2(np.arange(2, k + 2))
    first = np.where(found > 0, hits.argmax(axis=1), 0)
    return {
        "recall": found / reachable,
        "recall_all": found / counts,
        "precision": found / k,
        "ndcg": (hits @ discounts) / np.cumsum(discounts)[reachable - 1],
        "map": (hits * np.cumsum(hits, axis=1) / np.arange(1, k + 1)).sum(axis=1) / counts,
        "mrr": np.where(found > 0, 1.0 / (first + 1), 0.0),
        "hit_rate": (found > 0).astype(np.float64),
    }


def average(users: Mapping[str, Doubles], chosen: Bools | None = None) -> dict[str, float]:
    """Return the mean of each metric over the users, or over the `chosen` ones; empty without users."""
    picked = {name: values if chosen is None else values[chosen] for name, values in users.items()}
    return {name: float(values.mean()) for name, values in picked.items() if len(values)}


def coverage(lists: Integers, n_items: int) -> float:
    """Return the share of the catalogue that is in at least one list (Ge et al. 2010); 0 without items."""
    shown = np.unique(lists[lists != NOTHING])
    return len(shown) / n_items if n_items else 0.0
