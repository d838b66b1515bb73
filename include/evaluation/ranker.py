"""The best unseen items of each user, as the evaluation sees them: exact, without filters."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy import sparse

from include.evaluation.metrics import NOTHING, Lists
from include.model.factors import Factors

# Scores that are in memory at once: 32 MiB of float32.
SCORES_AT_ONCE = 1 << 23


def top_items(users: Factors, items: Factors, seen: sparse.csr_matrix, k: int) -> Lists:
    """Return the `k` best items of each user that the user has not seen.

    Equal scores are in the order of the items, so that every machine returns the same lists.

    Parameters
    ----------
    users, items
        Factors; the users' biases do not change an order and are left out.
    seen
        (n_users, n_items) CSR.

    Returns
    -------
    (n_users, k) int32 item positions, best first; -1 where the catalogue has ended.
    """
    lists = np.full((len(users.vectors), k), NOTHING, dtype=np.int32)
    for rows in _chunks(len(users.vectors), len(items.vectors)):
        scores = users.vectors[rows] @ items.vectors.T + items.biases
        own = seen[rows]
        scores[np.repeat(np.arange(own.shape[0]), np.diff(own.indptr)), own.indices] = -np.inf
        best = best_places(scores, k)
        lists[rows, : best.shape[1]] = np.where(np.isneginf(np.take_along_axis(scores, best, axis=1)), NOTHING, best)
    return lists


def best_places(scores: npt.NDArray[np.float32], k: int) -> npt.NDArray[np.intp]:
    """Return the columns of the `k` largest scores of each row, largest first, equal ones from the left.

    Parameters
    ----------
    scores
        (n_rows, n_columns) float32, free of NaN.

    Returns
    -------
    (n_rows, min(k, n_columns)) column numbers.
    """
    n_columns = scores.shape[1]
    if k >= n_columns:
        return np.argsort(-scores, axis=1, kind="stable")
    chosen = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    lowest = np.take_along_axis(scores, chosen, axis=1).min(axis=1, keepdims=True)
    # argpartition takes any of the scores that equal the lowest chosen one.
    for row in np.flatnonzero((scores >= lowest).sum(axis=1) > k):
        chosen[row] = np.argsort(-scores[row], kind="stable")[:k]
    chosen.sort(axis=1)
    order = np.argsort(-np.take_along_axis(scores, chosen, axis=1), axis=1, kind="stable")
    return np.take_along_axis(chosen, order, axis=1)


def _chunks(n_users: int, n_items: int) -> Iterator[slice]:
    size = max(1, SCORES_AT_ONCE // max(1, n_items))
    return (slice(start, min(start + size, n_users)) for start in range(0, n_users, size))
