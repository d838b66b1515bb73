"""Factors and scores that are not finite numbers are refused, by name."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from include.errors import ValidationError
from include.model.factors import Factors
from include.types import Strings

CELLS_AT_ONCE = 1_000_000
LARGEST = float(np.finfo(np.float32).max)
REMEDY = "lower the learning_rate of lightfm_hybrid in the policy, then clear task train and what follows"


def check_finite(factors: Factors, kind: str, names: Strings | None) -> None:
    """Refuse vectors and biases that are not finite numbers; `kind` is "user" or "item".

    Raises
    ------
    ValidationError
        Names the first of them.
    """
    wrong = np.flatnonzero(~(np.isfinite(factors.vectors).all(axis=1) & np.isfinite(factors.biases)))
    if len(wrong):
        raise ValidationError(
            f"the factors of {len(wrong)} {kind}s are not finite numbers, first {_name(kind, wrong[0], names)}",
            remedy=REMEDY,
        )


class Extent(NamedTuple):
    """How long the longest vector is, and how far the furthest bias is from 0."""

    longest: float
    highest: float


def extent_of(factors: Factors) -> Extent:
    """Return the extent of finite factors; it reads all of them."""
    squares = np.einsum("ij,ij->i", factors.vectors, factors.vectors, dtype=np.float64)
    return Extent(float(np.sqrt(squares.max(initial=0))), float(np.abs(factors.biases).max(initial=0)))


def check_scores(
    users: Factors, items: Factors, extent: Extent, user_names: Strings | None, item_names: Strings | None
) -> None:
    """Refuse scores that overflow; compute them only where lengths and biases allow that (Cauchy-Schwarz).

    Parameters
    ----------
    extent
        Of the items.

    Raises
    ------
    ValidationError
        Names the user and the item of the first such score.
    """
    own = extent_of(users)
    if own.longest * extent.longest + own.highest + extent.highest < LARGEST:
        return
    step = max(1, CELLS_AT_ONCE // len(items.biases))
    for start in range(0, len(users.biases), step):
        some = slice(start, start + step)
        with np.errstate(over="ignore", invalid="ignore"):
            scores = users.vectors[some] @ items.vectors.T + items.biases + users.biases[some, None]
        if not np.isfinite(scores).all():
            row, column = np.argwhere(~np.isfinite(scores))[0]
            raise ValidationError(
                f"the score of {_name('item', column, item_names)} for "
                f"{_name('user', start + row, user_names)} is {scores[row, column]}",
                remedy=REMEDY,
            )


def check_own(own: sparse.csr_matrix, user_names: Strings | None) -> None:
    """Refuse what would take a score out of the finite numbers.

    Raises
    ------
    ValidationError
        Names the first user.
    """
    wrong = np.flatnonzero(~(np.abs(own.data) < LARGEST / 2))
    if len(wrong):
        row = int(np.searchsorted(own.indptr, wrong[0], side="right")) - 1
        raise ValidationError(
            f"{own.data[wrong[0]]} is to be added to a score of {_name('user', row, user_names)}", remedy=REMEDY
        )


def _name(kind: str, position: int, names: Strings | None) -> str:
    return f"{kind} number {position}" if names is None else f"{kind} {names[position]}"
