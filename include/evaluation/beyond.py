"""What lists are like besides being right: new to the user, mixed, and not only what is popular.

All of it is computed from who had what before the cutoff, so it is the same for every model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from include.types import NOTHING, Doubles, Integers

NAMES = ("novelty", "diversity", "popularity")
# Cosines that are in memory at once, 64 MB
COSINES = 8_000_000


@dataclass(frozen=True)
class ItemFacts:
    """What is known of the items without a model.

    Attributes
    ----------
    shares
        (n_items,) share of the users with a history who have the item; at least one user's, so that logarithms exist.
    directions
        (n_items, n_users) CSR float64: who has the item, as a vector of length 1; empty where nobody has.
    """

    shares: Doubles
    directions: sparse.csr_matrix


def item_facts(history: sparse.csr_matrix) -> ItemFacts:
    """Return the facts that a (n_users, n_items) history before the cutoff holds."""
    pairs = sparse.csr_matrix((np.ones(history.nnz), history.indices, history.indptr), shape=history.shape)
    counts = np.bincount(history.indices, minlength=history.shape[1]).astype(np.float64)
    users = max(1, int((np.diff(history.indptr) > 0).sum()))
    scale = sparse.diags(1 / np.sqrt(np.maximum(counts, 1)))
    return ItemFacts(np.maximum(counts, 1) / users, sparse.csr_matrix(scale @ pairs.T.tocsr()))


def measure_lists(lists: Integers, facts: ItemFacts) -> dict[str, Doubles]:
    """Return each metric of `NAMES` for each list, (n_users,) float64; 0 for an empty one.

    novelty
        mean of -log2 share over the list, in bits (Zhou et al. 2010, arXiv:0808.2670; Vargas and Castells 2011).
    diversity
        1 - mean cosine over the pairs of a list (Ziegler et al. 2005), of who has the items; 1 for less than two.
    popularity
        mean share over the list (ARP: Abdollahpouri et al. 2019, arXiv:1901.07555).
    """
    there = lists != NOTHING
    lengths = np.maximum(there.sum(axis=1), 1)
    shares = np.where(there, facts.shares[lists], 1.0) if len(facts.shares) else np.ones(lists.shape)
    return {
        "novelty": -np.log2(shares).sum(axis=1) / lengths,
        "diversity": _diversity(lists, facts.directions),
        "popularity": np.where(there, shares, 0).sum(axis=1) / lengths,
    }


def _diversity(lists: Integers, directions: sparse.csr_matrix) -> Doubles:
    """Compute the cosines of the items in the lists, some items after the others, and look the pairs up."""
    there = lists != NOTHING
    items, own = np.unique(lists[there], return_inverse=True)
    places = np.full(lists.shape, len(items))  # behind the end of a list: a further item, unlike any other
    places[there] = own
    sums = np.zeros(len(lists))
    vectors = directions[items]
    users = vectors.T.tocsr()
    many = COSINES // (len(items) + 1) + 1
    for first in range(0, len(items), many):
        some = vectors[first : first + many]
        cosines = np.zeros((some.shape[0], len(items) + 1))
        cosines[:, :-1] = (some @ users).toarray()
        np.fill_diagonal(cosines[:, first:], 0)
        rows, columns = np.nonzero((places >= first) & (places < first + len(cosines)))
        found = cosines[places[rows, columns][:, None] - first, places[rows]]
        sums += np.bincount(rows, found.sum(axis=1), len(lists))
    counts = there.sum(axis=1)
    pairs = counts * (counts - 1)
    diversity: Doubles = 1 - np.divide(sums, pairs, out=np.zeros(len(lists)), where=pairs > 0)
    return diversity


def popularity_bias(lists: Doubles, taken: Doubles) -> float:
    """Return how much more popular lists are than what users take: mean popularity over mean popularity.

    Parameters
    ----------
    lists
        (n_users,) see `measure_lists`.
    taken
        (n_taken,) share of each item that was taken after the cutoff, as often as it was.
    """
    return float(lists.mean() / taken.mean()) if len(lists) and len(taken) else 0.0
