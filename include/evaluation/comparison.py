"""Models side by side: the same users, the same items, the same holdout for everyone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from include.evaluation.metrics import average, coverage, measure_users
from include.model.factors import Factors
from include.ranking.kernel import top_n
from include.types import Bools, Doubles, Indices, Strings

SEGMENTS_SHOWN = 5


@dataclass(frozen=True)
class Holdout:
    """Who is looked at, and what they took after the cutoff.

    Attributes
    ----------
    users
        (n_evaluated,) positions of the users who took something new, in the training set.
    known
        (n_evaluated,) bool: whether the user has a history before the cutoff.
    relevant, seen
        (n_evaluated, n_items) CSR: taken after the cutoff for the first time; taken before.
    segments
        (n_evaluated,) text.
    """

    users: Indices
    known: Bools
    relevant: sparse.csr_matrix
    seen: sparse.csr_matrix
    segments: Strings


def hold_out(
    targets: sparse.csr_matrix,
    seen: sparse.csr_matrix,
    history: sparse.csr_matrix,
    segments: Strings,
) -> Holdout:
    """Return the users who have a target.

    Parameters
    ----------
    targets, seen, history
        (n_users, n_items) CSR: new after the cutoff, taken before it, any interaction before it.
    segments
        (n_users,) text.
    """
    users = np.flatnonzero(np.diff(targets.indptr))
    return Holdout(
        users=users,
        known=np.diff(history.indptr)[users] > 0,
        relevant=targets[users],
        seen=seen[users],
        segments=segments[users],
    )


def evaluate(users: Factors, items: Factors, holdout: Holdout, k: int) -> dict[str, Any]:
    """Return the metrics of one model.

    Parameters
    ----------
    users
        Factors of the holdout's users, row by row.
    items
        Factors of all items, prior included.
    k
        Length of the lists.

    Returns
    -------
    ``metrics`` of the users with a history (the headline, with their number as ``users`` and the
    ``coverage`` of their lists), ``new_users`` of those without, ``segments`` of the largest
    segments among the users with a history.

    Raises
    ------
    ValidationError
        When a factor or a score is not a finite number.
    """
    lists = top_n(users, items, k, exclude=holdout.seen).items
    measured = measure_users(lists, holdout.relevant)
    known = holdout.known
    metrics = _group(measured, known)
    metrics["coverage"] = coverage(lists[known], len(items.vectors))
    return {
        "metrics": metrics,
        "new_users": _group(measured, ~known),
        "segments": {name: _group(measured, known & (holdout.segments == name)) for name in largest_segments(holdout)},
    }


def largest_segments(holdout: Holdout) -> list[str]:
    """Return the segments with the most evaluated users who have a history, largest first."""
    names, counts = np.unique(holdout.segments[holdout.known], return_counts=True)
    order = np.lexsort((names, -counts))[:SEGMENTS_SHOWN]
    return [str(name) for name in names[order]]


def _group(measured: Mapping[str, Doubles], chosen: Bools) -> dict[str, float]:
    return {"users": int(chosen.sum()), **average(measured, chosen)}
