"""Against brute force in float64; the vectors are small whole numbers, so float32 is exact and ties are many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from include.errors import ValidationError
from include.model.factors import Factors
from include.ranking import top_n
from include.ranking.kernel import compiled, plain
from include.ranking.kernel.lists import TopN, merge
from include.ranking.kernel.scan import BLOCK, key_of, unpack
from include.ranking.kernel.simd import WIDTH


def factors(vectors: np.ndarray, biases: np.ndarray) -> Factors:
    return Factors(vectors.astype(np.float32), biases.astype(np.float32), np.ones(len(biases), dtype=bool))


def random_case(seed: int, n_users: int, n_items: int, dimensions: int, spread: int) -> tuple[Factors, Factors]:
    random = np.random.default_rng(seed)
    sides = [
        factors(random.integers(-spread, spread + 1, (n, dimensions)), random.integers(-spread, spread + 1, n))
        for n in (n_users, n_items)
    ]
    return sides[0], sides[1]


def brute_force(users: Factors, items: Factors, n: int, left_out: np.ndarray, own: np.ndarray | float = 0.0) -> TopN:
    scores = users.vectors.astype(np.float64) @ items.vectors.astype(np.float64).T
    scores += users.biases[:, None] + items.biases + own
    lists = np.full((len(scores), n), -1, dtype=np.int32)
    values = np.full((len(scores), n), -np.inf)
    for row, user_scores in enumerate(scores):
        order = np.lexsort((np.arange(len(user_scores)), -user_scores))
        order = order[~left_out[row, order]]
        lists[row, : len(order[:n])] = order[:n]
        values[row, : len(order[:n])] = user_scores[order[:n]]
    return TopN(lists, values)


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 2),
    n_users=st.one_of(st.integers(1, 20), st.just(2 * BLOCK - 3)),
    n_items=st.one_of(st.integers(1, 3 * WIDTH), st.integers(3 * WIDTH, 30 * WIDTH)),
    dimensions=st.integers(0, 5),
    spread=st.sampled_from([0, 1, 50]),
    n=st.one_of(st.integers(1, 20), st.integers(20, 2000)),
    density=st.sampled_from([0.0, 0.05, 0.5, 1.0]),
    share=st.sampled_from([0.0, 0.7, 1.0]),
    stride=st.sampled_from([1, 2, 12, 1000]),
    certainty=st.sampled_from([-3.0, 0.0, 3.0]),
    at_once=st.sampled_from([1, 7, 2048]),
    threads=st.sampled_from([1, 2]),
    owned=st.sampled_from([None, 0.0, 0.05, 0.6]),
)
def test_lists_equal_brute_force(
    seed: int,
    n_users: int,
    n_items: int,
    dimensions: int,
    spread: int,
    n: int,
    density: float,
    share: float,
    stride: int,
    certainty: float,
    at_once: int,
    threads: int,
    owned: float | None,
) -> None:
    users, items = random_case(seed, n_users, n_items, dimensions, spread)
    random = np.random.default_rng(seed + 1)
    seen = random.random((n_users, n_items)) < density
    allowed = random.random(n_items) < share
    exclude = sparse.csr_matrix(seen)
    added = random.integers(-9, 10, (n_users, n_items)) * (random.random((n_users, n_items)) < (owned or 0))
    own = None if owned is None else sparse.csr_matrix(added.astype(np.float32))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "STRIDE", stride)
        patch.setattr(compiled, "CERTAINTY", certainty)  # -3: nearly every guess is wrong
        patch.setattr(compiled, "USERS_AT_ONCE", at_once)
        patch.setattr(plain, "CELLS_AT_ONCE", at_once * n_items)
        both = [
            top_n(users, items, n, exclude=exclude, allowed=allowed, own=own, threads=threads, compiled=way)
            for way in (True, False)
        ]
    expected = brute_force(users, items, n, seen | ~allowed, added)
    for found in both:
        np.testing.assert_array_equal(found.items, expected.items)
        np.testing.assert_array_equal(found.scores, expected.scores)
        assert found.items.dtype == np.int32
        assert found.scores.dtype == np.float32
        np.testing.assert_array_equal(found.lengths, (expected.items >= 0).sum(axis=1))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 2),
    n_users=st.integers(1, 40),
    n_items=st.integers(1, 30 * WIDTH),
    dimensions=st.sampled_from([1, 7, 64]),
    n=st.integers(1, 200),
    scale=st.sampled_from([1e-30, 1e-3, 1.0, 1e12]),
    density=st.sampled_from([0.0, 0.3]),
)
def test_numpy_gives_the_same_bits_as_the_compiled_kernel(
    seed: int, n_users: int, n_items: int, dimensions: int, n: int, scale: float, density: float
) -> None:
    random = np.random.default_rng(seed)
    users, items = (
        factors(scale * random.normal(size=(rows, dimensions)), scale * random.normal(size=rows))
        for rows in (n_users, n_items)
    )
    items.vectors[: n_items // 2] = items.vectors[n_items - n_items // 2 :]  # near ties and real ones
    items.biases[: n_items // 2] = items.biases[n_items - n_items // 2 :]
    exclude = sparse.random(n_users, n_items, density=density, format="csr", random_state=seed)
    own = sparse.random(n_users, n_items, density=0.2, format="csr", random_state=seed + 1, dtype=np.float32) * scale
    one, two = (top_n(users, items, n, exclude=exclude, own=own, compiled=way) for way in (True, False))
    np.testing.assert_array_equal(one.items, two.items)
    np.testing.assert_array_equal(one.scores.view(np.int32), two.scores.view(np.int32))


def test_real_vectors_give_the_same_lists_as_float64_but_for_near_ties() -> None:
    random = np.random.default_rng(1)
    users = factors(random.normal(size=(50, 48)), random.normal(size=50))
    items = factors(random.normal(size=(3000, 48)), random.normal(size=3000))
    found = top_n(users, items, 20)
    expected = brute_force(users, items, 20, np.zeros((50, 3000), dtype=bool))
    np.testing.assert_allclose(found.scores, expected.scores, rtol=1e-5)
    assert (found.items == expected.items).mean() > 0.99


@pytest.mark.parametrize(("n_users", "n_items"), [(0, 5), (3, 0), (0, 0)])
def test_nobody_or_nothing(n_users: int, n_items: int) -> None:
    users, items = random_case(0, n_users, n_items, 2, 1)
    found = top_n(users, items, 4, exclude=sparse.csr_matrix((n_users, n_items)))
    assert found.items.shape == (n_users, 4)
    assert (found.items == -1).all()


def test_without_exclusions_nothing_is_left_out() -> None:
    users, items = random_case(3, 2, 6, 2, 9)
    assert (np.sort(top_n(users, items, 6).items) == np.arange(6)).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    ("side", "part"), [("user", "vectors"), ("user", "biases"), ("item", "vectors"), ("item", "biases")]
)
def test_what_is_not_a_number_is_refused_by_name(value: float, side: str, part: str) -> None:
    users, items = random_case(0, 3, 3, 2, 1)
    getattr(users if side == "user" else items, part)[1] = value
    names = {"user_names": np.array(["ann", "bob", "cat"]), "item_names": np.array(["mug", "cup", "pot"])}
    with pytest.raises(ValidationError, match=r"user bob" if side == "user" else r"item cup"):
        top_n(users, items, 2, **names)
    with pytest.raises(ValidationError, match=rf"{side} number 1"):
        top_n(users, items, 2)


def test_a_score_that_overflows_is_refused_by_name() -> None:
    users, items = random_case(0, 2, 2, 1, 0)
    users.vectors[1], items.vectors[1] = 1e30, 1e30
    with pytest.raises(ValidationError, match=r"score of item number 1 for user number 1 is inf"):
        top_n(users, items, 1)


@settings(deadline=None)  # the first example compiles
@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_keys_sort_like_scores_then_positions_and_decode_exactly(values: list[float]) -> None:
    scores = np.array([values], dtype=np.float32)
    keys = np.array([[key_of(score, item) for item, score in enumerate(scores[0])]], dtype=np.uint64)
    found = TopN.empty(1, len(values))
    unpack(np.sort(keys, axis=1), *found)
    order = sorted(range(len(values)), key=lambda item: (-values[item], item))
    assert found.items[0].tolist() == order
    assert found.scores[0].tolist() == [values[item] for item in order]


def test_merging_keeps_the_best_of_both() -> None:
    first = TopN(np.array([[4, 2, -1]], dtype=np.int32), np.array([[3, 1, -np.inf]], dtype=np.float32))
    second = TopN(np.array([[1, -1]], dtype=np.int32), np.array([[1, -np.inf]], dtype=np.float32))
    merged = merge(first, second, 4)
    assert merged.items.tolist() == [[4, 1, 2, -1]]
    assert merge(first, second, 2).items.tolist() == [[4, 1]]
