"""Audiences against a plain product of users and items."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy import sparse

from include.features.matrix import FeatureMatrix
from include.ranking import Profile
from include.ranking.audience import audiences
from include.types import NOTHING
from tests.include.ranking.made import N_ITEMS, make_night


def night(n_users: int = 40) -> tuple[Any, Any, Any]:
    catalogue, users = make_night(n_users)
    allowed = np.arange(N_ITEMS) < 12
    catalogue = replace(catalogue, rules=replace(catalogue.rules, common=Profile(allowed, np.array([], np.int32))))
    brands = sparse.csr_matrix(np.arange(N_ITEMS)[:, None] % 2 == np.arange(2), dtype=np.float32)
    training_set: Any = SimpleNamespace(
        item_ids=catalogue.item_ids,
        categories=np.where(np.arange(N_ITEMS) % 3 == 0, "MUG", np.where(np.arange(N_ITEMS) < 100, "", "FAR")),
        buyers={"all": (np.arange(N_ITEMS) % 4).astype(np.float32)},
        item_features=FeatureMatrix(brands, np.array(["brand:Oak", "brand:Elm"])),
    )
    return catalogue, users, training_set


def test_each_list_has_the_users_with_the_highest_scores() -> None:
    catalogue, users, training_set = night()
    found = audiences(catalogue, users, training_set, 5, "brand")
    named = list(zip(found.subjects.tolist(), found.values.tolist(), strict=True))
    assert named == [("item", f"i{n}") for n in range(12)] + [("category", "MUG"), ("brand", "Oak"), ("brand", "Elm")]
    scores = users.factors.vectors @ catalogue.items.vectors.T
    weights = 1 + np.arange(12) % 4
    means = [np.average(scores[:, n:12:step], axis=1, weights=weights[n::step]) for n, step in ((0, 3), (0, 2), (1, 2))]
    expected = np.column_stack([scores[:, :12], *means])
    left_out = np.column_stack([users.seen.toarray()[:, :12], np.zeros((40, 3), bool)])
    expected[left_out.astype(bool) | ~users.factors.known[:, None]] = -np.inf
    for place in range(len(named)):
        there = found.lists.items[place]
        assert (there != NOTHING).all()
        np.testing.assert_allclose(
            found.lists.scores[place], np.sort(expected[:, place])[::-1][:5], rtol=1e-5, atol=1e-5
        )
        np.testing.assert_allclose(expected[there, place], found.lists.scores[place], rtol=1e-5, atol=1e-5)


def test_without_a_brand_there_are_items_and_categories() -> None:
    catalogue, users, training_set = night()
    found = audiences(catalogue, replace(users, seen=None), training_set, 60, None)
    assert set(found.subjects.tolist()) == {"item", "category"}
    assert ((found.lists.items != NOTHING).sum(axis=1) == users.factors.known.sum()).all()
