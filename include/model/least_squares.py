"""Regularised least squares for many rows at once: one half of alternating least squares, and the fold-in.

Row u of X minimises, with the other side Y fixed (Rendle et al. 2021, arXiv:2110.14037, eq. 1-3),

    sum over the row's pairs of w_ui (1 - x_u . y_i)^2 + alpha0 * sum over all i of (x_u . y_i)^2
        + pull_u |x_u - prior_u|^2

which conjugate gradients approach from where X stands (Takacs, Pilaszy and Tikk 2011). Each row is computed by itself
and in one order, and sums over all rows are taken block by block in their order, so that the result has the same bytes
on any number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numba
import numpy as np
from scipy import sparse

from include.types import Floats, Indices

BLOCK = 4096
"""Rows summed in one go."""
PARTS = 64
"""Pieces of about as many pairs each that threads take one by one."""


def _compiled(function: Callable[..., Any]) -> Any:
    compiled = numba.njit(nogil=True, fastmath=True, error_model="numpy")(function)
    try:
        compiled.enable_caching()
    except (RuntimeError, AttributeError):  # no folder to keep machine code in, or NUMBA_DISABLE_JIT is set
        return compiled
    return compiled


@_compiled
def _dot(left: Any, right: Any) -> Any:
    total = np.float32(0)
    for a in range(len(left)):
        total += left[a] * right[a]
    return total


@_compiled
def _add(target: Any, factor: Any, vector: Any) -> None:
    for a in range(len(target)):
        target[a] += factor * vector[a]


@_compiled
def _solve(
    first: int, last: int, indptr: Any, indices: Any, weights: Any, other: Any, gram: Any, pull: Any, prior: Any,
    steps: int, target: Any, solution: Any,
) -> None:  # fmt: skip
    # Loops that sum store nothing: the compiler would choose between two orders of summing by where arrays lie.
    d = other.shape[1]
    residual, direction, image = np.empty(d, np.float32), np.empty(d, np.float32), np.empty(d, np.float32)
    for u in range(first, last):
        x = solution[u]
        for a in range(d):
            residual[a] = pull[u] * (prior[u, a] - x[a]) - _dot(gram[a], x)
        for place in range(indptr[u], indptr[u + 1]):
            y = other[indices[place]]
            _add(residual, weights[place] * (np.float32(1) - _dot(x, y)) + target, y)
        direction[:] = residual
        length = _dot(residual, residual)
        for _ in range(steps):
            if length < np.float32(1e-20):
                break
            for a in range(d):
                image[a] = _dot(gram[a], direction) + pull[u] * direction[a]
            for place in range(indptr[u], indptr[u + 1]):
                y = other[indices[place]]
                _add(image, weights[place] * _dot(direction, y), y)
            stride = length / _dot(direction, image)
            _add(x, stride, direction)
            _add(residual, -stride, image)
            shorter = _dot(residual, residual)
            turn = shorter / length
            for a in range(d):
                direction[a] = residual[a] + turn * direction[a]
            length = shorter


@_compiled
def _gram(vectors: Any, total: Any) -> None:
    n, d = vectors.shape
    for row in range(n):
        for a in range(d):
            value = vectors[row, a]
            for b in range(d):
                total[a, b] += value * vectors[row, b]


@_compiled
def _squares(first: int, last: int, vectors: Any, matrix: Any, lengths: Any) -> None:
    for row in range(first, last):
        x, total = vectors[row], np.float32(0)
        for a in range(len(x)):
            total += x[a] * _dot(matrix[a], x)
        lengths[row] = total


def penalty(pairs: Indices, unobserved: float, regularization: float, power: float) -> Floats:
    """Return how strongly each row is pulled to its prior: regularization * (pairs + unobserved)^power, (n,) float32.

    Parameters
    ----------
    pairs
        (n,) number of interactions of each row.
    unobserved
        The weight of one unobserved pair times the number of rows of the other side.
    """
    return np.asarray(regularization * (pairs + unobserved) ** power, dtype=np.float32)


def gram(vectors: Floats) -> Floats:
    """Return the sum of the outer products of the rows: (d, d) float32."""
    n, d = vectors.shape
    blocks = np.zeros((max(1, -(-n // BLOCK)), d, d), np.float32)
    _in_parallel([(_gram, (vectors[b * BLOCK : (b + 1) * BLOCK], blocks[b])) for b in range(len(blocks))])
    total: Floats = blocks.astype(np.float64).sum(axis=0).astype(np.float32)
    return total


def squares(vectors: Floats, matrix: Floats) -> Floats:
    """Return x . (matrix x) of each row x: (n,) float32; BLAS would round by the processor and by threads."""
    n = len(vectors)
    lengths = np.zeros(n, np.float32)
    bounds = np.linspace(0, n, PARTS + 1).astype(int)
    _in_parallel([(_squares, (first, last, vectors, matrix, lengths)) for first, last in pairwise(bounds)])
    return lengths


def solve_rows(
    weights: sparse.csr_matrix,
    other: Floats,
    inner: Floats,
    pull: Floats,
    prior: Floats,
    start: Floats,
    steps: int,
    target: float = 0.0,
) -> Floats:
    """Return the rows after so many steps of conjugate gradients.

    Parameters
    ----------
    weights
        (n, m) float32 CSR, positive.
    other
        (m, d) float32, the vectors of the other side.
    inner
        (d, d) float32, alpha0 times the gram matrix of the other side.
    pull
        (n,) float32, how strongly each row is pulled to its prior.
    prior, start
        (n, d) float32.
    target
        Added to each pair's weight on the right side of the equations, see `FoldIn`.
    """
    solution = np.ascontiguousarray(start, dtype=np.float32).copy()
    indptr, indices = weights.indptr.astype(np.int64), weights.indices.astype(np.int32)
    data = weights.data.astype(np.float32)
    work = indptr + np.arange(len(indptr)) * other.shape[1] // 4  # a row costs its pairs, and its own matrix
    bounds = np.unique(np.searchsorted(work, np.linspace(0, work[-1], PARTS + 1)))
    arrays = (indptr, indices, data, np.ascontiguousarray(other), inner, pull, np.ascontiguousarray(prior))
    _in_parallel(
        [(_solve, (first, last, *arrays, steps, np.float32(target), solution)) for first, last in pairwise(bounds)]
    )
    return solution


def _in_parallel(calls: list[tuple[Any, tuple[Any, ...]]]) -> None:
    """Run the calls, which write to places of their own, on all processors of this process."""
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for done in [pool.submit(function, *arguments) for function, arguments in calls]:
            done.result()
