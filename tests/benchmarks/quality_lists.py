"""Lists of the best items and their metrics, alike for Nightshelf and its peers; numpy and scipy alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

K, K_NDCG = 20, 10
VIEWS = ("unseen", "all")
CHUNK = 500
PARTS = ("data", "indices", "indptr", "shape")
Scores = Callable[[Any], Any]
"""Takes positions of users, returns their scores of all items: (n, n_items) float32."""


class Window(NamedTuple):
    """A period's end and what users bought after it: CSR matrices (n_users, n_items), alike for everyone.

    `history` holds decayed weights, `bought` what is left out of the view "unseen".
    """

    history: sparse.csr_matrix
    bought: sparse.csr_matrix
    unseen: sparse.csr_matrix
    all: sparse.csr_matrix

    def users(self, view: str) -> Any:
        """Return the users with a history who bought something that the view counts."""
        there = (np.diff(getattr(self, view).indptr) > 0) & (np.diff(self.history.indptr) > 0)
        return np.flatnonzero(there)

    def save(self, path: Any) -> None:
        """Write the matrices as one .npz file."""
        arrays = {}
        for name, matrix in self._asdict().items():
            arrays |= {f"{name}_{part}": getattr(matrix, part) for part in PARTS}
        np.savez(path, **arrays)

    @classmethod
    def load(cls, path: Any) -> Window:
        """Read what `save` wrote."""
        with np.load(path) as arrays:
            parts = [
                [arrays[f"{name}_{part}"] for part in ("data", "indices", "indptr", "shape")] for name in cls._fields
            ]
        return cls(*[sparse.csr_matrix((data, indices, indptr), shape=shape) for data, indices, indptr, shape in parts])


def measure(window: Window, view: str, scores: Scores) -> Any:
    """Return recall@20 (hits / min(20, relevant)) and NDCG@10 of each of the view's users: (2, n_users)."""
    relevant, users = getattr(window, view), window.users(view)
    discounts = 1 / np.log2(np.arange(2, K_NDCG + 2))
    found = []
    for rows in np.array_split(users, max(1, -(-len(users) // CHUNK))):
        values = np.array(scores(rows), dtype=np.float32)
        if view == "unseen":
            values[window.bought[rows].nonzero()] = -np.inf
        k = min(K, values.shape[1])
        best = np.argpartition(-values, k - 1, axis=1)[:, :k]
        own = np.arange(len(rows))[:, None]
        best = best[own, np.argsort(-values[own, best], axis=1, kind="stable")]
        hits, counts = relevant[rows].toarray()[own, best], np.diff(relevant[rows].indptr)
        recall = hits.sum(axis=1) / np.minimum(K, counts)
        ndcg = (hits[:, :K_NDCG] @ discounts[: hits.shape[1]]) / np.cumsum(discounts)[np.minimum(K_NDCG, counts) - 1]
        found.append(np.stack([recall, ndcg]))
    return np.concatenate(found, axis=1)


def quality(window: Window, scores: Scores) -> float:
    """Return the mean of both metrics over both views, by which everyone is tuned."""
    return float(np.mean([measure(window, view, scores).mean() for view in VIEWS]))
