from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from include.features import SegmentPopularity
from include.model.factors import Factors
from include.ranking import Catalogue, Reason, Shoppers, popular_table, shelves
from include.ranking.reasons import unit_vectors

ITEMS = np.array(["cup", "mug", "pan", "pot", "rug"])


def popularity(**counts: float) -> SegmentPopularity:
    positions = np.array([ITEMS.tolist().index(name) for name in counts], dtype=np.int32)
    values = np.array(list(counts.values()), dtype=np.float32)
    return SegmentPopularity(positions, values, values)


def catalogue(**changes: Any) -> Catalogue:
    """Return cups and mugs in one direction, pans and pots in another, a rug in none."""
    vectors = np.array([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9], [0, 0]], np.float32)
    values: dict[str, Any] = {
        "item_ids": ITEMS,
        "items": Factors(vectors, np.zeros(5, np.float32), np.ones(5, bool)),
        "units": unit_vectors(vectors),
        "allowed": np.ones(5, bool),
        "is_new": np.zeros(5, bool),
        "categories": np.array([0, 0, 1, 1, -1], np.int32),
        "popularity": {"everybody": popularity(rug=5, pan=3), "France": popularity(pot=2)},
        "top_n": 3,
        "max_per_category": 2,
    }
    return Catalogue(**{**values, **changes})


def shoppers(*, seen: bool = True) -> Shoppers:
    """Return someone who had a cup, someone in France and someone in Spain whom the model does not know."""
    had = sparse.csr_matrix(np.array([[1, 0, 0, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 0]], dtype=bool))
    vectors = np.array([[2, 1], [9, 9], [9, 9]], np.float32)
    return Shoppers(
        user_ids=np.array(["ann", "bob", "cat"]),
        segments=np.array(["Spain", "France", "Spain"]),
        users=Factors(vectors, np.zeros(3, np.float32), np.array([True, False, False])),
        seen=had if seen else None,
        history=had,
    )


def test_lists_by_vector_and_by_segment_with_reasons() -> None:
    rows = {row["user_id"]: row for row in shelves(catalogue(), shoppers()).to_pylist()}
    because, popular = Reason.BECAUSE_OF_ITEM, Reason.POPULAR_IN_SEGMENT
    assert rows["ann"]["item_ids"] == ["mug", "pot", "pan"]
    assert rows["ann"]["scores"] == pytest.approx([1.9, 1.1, 1.0])
    assert rows["ann"]["reason_codes"] == [because, popular, popular]
    assert rows["ann"]["reason_item_ids"] == ["cup", None, None]
    assert rows["bob"]["item_ids"] == ["rug", "pan", "cup"]  # the pot is seen; France bought nothing else
    assert rows["bob"]["reason_codes"] == [popular] * 3
    assert rows["cat"]["item_ids"] == ["rug", "pan", "cup"]
    assert rows["cat"]["scores"] == [5, 3, 0]
    assert [row["segment"] for row in rows.values()] == ["Spain", "France", "Spain"]


def test_the_segment_comes_first_when_nothing_is_left_out() -> None:
    rows = shelves(catalogue(), shoppers(seen=False)).to_pylist()
    assert rows[1]["item_ids"] == ["pot", "rug", "pan"]
    assert rows[0]["item_ids"] == ["cup", "mug", "pot"]
    assert rows[0]["reason_item_ids"] == [None, "cup", None]  # an item is no reason for itself


def test_filters_hold_for_everyone() -> None:
    allowed = np.array([True, False, True, True, True])
    rows = shelves(catalogue(allowed=allowed, max_per_category=1, top_n=5), shoppers()).to_pylist()
    categories = dict(zip(ITEMS.tolist(), ["cup", "cup", "pan", "pan", None], strict=True))
    for row in rows:
        assert "mug" not in row["item_ids"]
        named = [categories[item] for item in row["item_ids"] if categories[item]]
        assert len(named) == len(set(named))
    assert [len(row["item_ids"]) for row in rows] == [2, 3, 3]


def test_popular_items_of_each_segment() -> None:
    table = popular_table(catalogue(), 3).to_pylist()
    assert [(row["segment"], row["rank"], row["item_id"]) for row in table] == [
        ("France", 1, "pot"),
        ("France", 2, "rug"),
        ("France", 3, "pan"),
        ("everybody", 1, "rug"),
        ("everybody", 2, "pan"),
        ("everybody", 3, "cup"),
    ]
    assert table[1]["score"] == pytest.approx(5 / 6)


def test_some_of_the_users_get_the_same_lists_as_all() -> None:
    everyone = shelves(catalogue(), shoppers()).to_pylist()
    assert shelves(catalogue(), shoppers().rows(slice(1, 3))).to_pylist() == everyone[1:]


def test_nobody_gets_no_rows() -> None:
    batch = shelves(catalogue(), shoppers().rows(slice(0, 0)))
    assert batch.num_rows == 0
    assert batch.schema.names[0] == "user_id"
