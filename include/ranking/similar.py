"""Similar items: for each item those whose vectors point the same way."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from include.model.factors import Factors
from include.ranking.catalogue import Catalogue
from include.ranking.kernel import top_n
from include.ranking.lists import ExplainedLists
from include.ranking.reasons import Reason
from include.types import NOTHING, Floats, Integers


def similar_lists(
    catalogue: Catalogue,
    n: int,
    *,
    together: sparse.csr_matrix | None = None,
    weight: float = 0.0,
    variants: sparse.csr_matrix | None = None,
    threads: int = 1,
) -> ExplainedLists:
    """Return for each item the `n` allowed items most like it, itself left out.

    The score is the cosine of the items' vectors, and `weight` times how much they are bought together. What scores 0
    or less is no likeness. The reason of each entry is the item itself.

    Parameters
    ----------
    together
        (n_items, n_items) CSR, see `shares`; None: nothing is known.
    variants
        (n_items, k) CSR: items with a column in common are variants of one product, and not in each other's lists.
    """
    vectors = unit_vectors(catalogue.items.vectors)
    count = len(vectors)
    factors = Factors(vectors, np.zeros(count, np.float32), np.ones(count, bool))
    left_out = sparse.identity(count, dtype=bool, format="csr")
    if variants is not None:
        carried = variants.astype(bool).astype(np.int32)
        left_out = sparse.csr_matrix((carried @ carried.T).astype(bool) + left_out)
    own = None
    if together is not None and weight:
        own = sparse.csr_matrix(together * np.float32(weight), dtype=np.float32)
        own.sort_indices()
    left_out.sort_indices()
    found = top_n(
        factors, factors, n, exclude=left_out, own=own, allowed=catalogue.rules.common.allowed, threads=threads
    )
    there = (found.items != NOTHING) & (found.scores > 0)
    itself = np.broadcast_to(np.arange(count, dtype=np.int32)[:, None], there.shape)
    return ExplainedLists(
        np.where(there, found.items, np.int32(NOTHING)),
        np.where(there, found.scores, np.float32(-np.inf)),
        np.where(there, np.int8(Reason.SIMILAR_ITEM), np.int8(0)),
        np.where(there, itself, np.int32(NOTHING)),
    )


def shares(items: Integers, others: Integers, scores: Floats, n_items: int) -> sparse.csr_matrix:
    """Return scores of pairs as shares of the highest of each item: (n_items, n_items) float32 CSR from 0 to 1.

    Parameters
    ----------
    items, others, scores
        Equally long: positions, and float32 scores above 0.
    """
    highest = np.zeros(n_items, np.float32)
    np.maximum.at(highest, items, scores)
    return sparse.csr_matrix((scores / highest[items], (items, others)), shape=(n_items, n_items), dtype=np.float32)


def unit_vectors(vectors: Floats) -> Floats:
    """Return each row with length 1, zeros where it is nothing."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Floats = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0).astype(np.float32)
    return unit
