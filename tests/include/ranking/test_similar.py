"""Similar items against a plain product of all vectors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from include.model.factors import Factors
from include.ranking import Catalogue, Profile
from include.ranking.reasons import Reason
from include.ranking.similar import shares, similar_lists, unit_vectors
from include.types import NOTHING, Bools, Floats
from tests.include.ranking.made import make_night


def shop(vectors: Floats, allowed: Bools) -> Catalogue:
    catalogue, _ = make_night(1)
    count = len(vectors)
    rules = replace(catalogue.rules, common=Profile(allowed, np.array([], np.int32)))
    items = Factors(vectors, np.full(count, 9, np.float32), np.ones(count, bool))
    return replace(catalogue, item_ids=np.arange(count).astype(np.str_), items=items, rules=rules)


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10_000), n=st.integers(1, 8), weight=st.sampled_from([0.0, 0.5, 2.0]), variants=st.booleans()
)
def test_lists_are_those_of_the_whole_product(seed: int, n: int, weight: float, variants: bool) -> None:
    random = np.random.default_rng(seed)
    count = 30
    vectors = random.integers(-2, 3, (count, 4)).astype(np.float32)
    allowed = random.random(count) < 0.7
    pairs = sparse.random(count, count, density=0.1, format="coo", random_state=seed, dtype=np.float32)
    together = shares(pairs.row, pairs.col, pairs.data + np.float32(0.1), count)
    groups = sparse.csr_matrix(np.eye(count, dtype=bool)[:, : count // 2] | (random.random((count, count // 2)) < 0.03))
    found = similar_lists(
        shop(vectors, allowed), n, together=together, weight=weight, variants=groups if variants else None
    )
    unit = unit_vectors(vectors).astype(np.float64)
    scores = unit @ unit.T + weight * together.toarray()
    alike = (
        (groups.toarray().astype(int) @ groups.toarray().astype(int).T > 0) if variants else np.eye(count, dtype=bool)
    )
    scores[alike | np.eye(count, dtype=bool) | ~allowed[None, :]] = -np.inf
    for item in range(count):
        there = found.items[item][found.items[item] != NOTHING]
        best = np.sort(scores[item][scores[item] > 1e-6])[::-1][:n]
        np.testing.assert_allclose(scores[item, there][: len(best)], best, atol=1e-5)
        assert item not in there
        assert (found.scores[item, : len(there)] > 0).all()
        assert len(there) >= len(best)
        assert (found.codes[item, : len(there)] == Reason.SIMILAR_ITEM).all()
        assert (found.sources[item, : len(there)] == item).all()


def test_shares_are_of_the_highest_score_of_an_item() -> None:
    found = shares(np.array([0, 0, 2]), np.array([1, 2, 0]), np.array([4, 1, 3], np.float32), 3)
    assert found.toarray().tolist() == [[0, 1, 0.25], [0, 0, 0], [1, 0, 0]]


def test_an_item_without_a_vector_has_what_is_bought_with_it() -> None:
    vectors = np.array([[0, 0], [1, 0], [1, 1]], np.float32)
    together = shares(np.array([0]), np.array([2]), np.array([1], np.float32), 3)
    found = similar_lists(shop(vectors, np.ones(3, bool)), 2, together=together, weight=0.5)
    assert found.items[0].tolist() == [2, NOTHING]
    assert similar_lists(shop(vectors, np.ones(3, bool)), 2).items[0].tolist() == [NOTHING] * 2
