import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import sparse

from include.model import least_squares
from include.model.least_squares import gram, penalty, solve_rows

RANDOM = np.random.default_rng(5)
N, M, D = 300, 80, 7
WEIGHTS = sparse.random(N, M, density=0.1, format="csr", random_state=5, dtype=np.float32)
OTHER, PRIOR = (RANDOM.standard_normal((n, D)).astype(np.float32) for n in (M, N))
PULL = RANDOM.uniform(0.5, 2, N).astype(np.float32)
INNER = np.float32(0.1) * gram(OTHER)


def exact(row: int) -> np.ndarray:
    own = WEIGHTS[row].toarray()[0]
    left = INNER + (OTHER * own[:, None]).T @ OTHER + PULL[row] * np.eye(D)
    return np.linalg.solve(left, OTHER.T @ own + PULL[row] * PRIOR[row])


def test_many_steps_reach_the_solution_of_the_normal_equations() -> None:
    found = solve_rows(WEIGHTS, OTHER, INNER, PULL, PRIOR, np.zeros_like(PRIOR), 4 * D)
    np.testing.assert_allclose(found, [exact(row) for row in range(N)], rtol=2e-3, atol=2e-4)


def test_a_row_without_pairs_becomes_its_prior_drawn_to_nothing() -> None:
    nothing = sparse.csr_matrix((N, M), dtype=np.float32)
    found = solve_rows(nothing, OTHER, np.zeros_like(INNER), PULL, PRIOR, np.zeros_like(PRIOR), 2)
    np.testing.assert_allclose(found, PRIOR, rtol=1e-4, atol=1e-5)


def test_the_gram_matrix_is_the_sum_of_the_outer_products() -> None:
    many = RANDOM.standard_normal((10_000, D)).astype(np.float32)
    np.testing.assert_allclose(gram(many), many.T @ many, rtol=1e-3, atol=0.5)
    assert gram(many[:0]).tolist() == np.zeros((D, D)).tolist()


def test_any_number_of_threads_gives_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for threads in (1, 2, 7):
        monkeypatch.setattr(os, "sched_getaffinity", lambda process, n=threads: set(range(n)))
        monkeypatch.setattr(least_squares, "ThreadPoolExecutor", ThreadPoolExecutor)
        found.append(solve_rows(WEIGHTS, OTHER, INNER, PULL, PRIOR, np.zeros_like(PRIOR), 3).tobytes())
    assert len(set(found)) == 1


def test_the_penalty_grows_with_the_pairs() -> None:
    np.testing.assert_allclose(penalty(np.array([0, 10]), 5.0, 0.1, 1.0), [0.5, 1.5], rtol=1e-6)
    np.testing.assert_allclose(penalty(np.array([0, 10]), 5.0, 0.1, 0.0), [0.1, 0.1], rtol=1e-6)
