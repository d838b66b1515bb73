from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import sparse

from include.features import SegmentPopularity
from include.model.factors import Factors
from include.ranking import Catalogue, Profile, Rules, UserSlice, popular_table
from include.ranking.lists import make_lists
from include.ranking.reasons import Reason
from include.ranking.rows import SCHEMA, record_batch
from include.ranking.shortfall import shortfall

ITEMS = np.array(["cup", "mug", "pan", "pot", "rug"])


def popularity(**counts: float) -> SegmentPopularity:
    positions = np.array([ITEMS.tolist().index(name) for name in counts], dtype=np.int32)
    values = np.array(list(counts.values()), dtype=np.float32)
    return SegmentPopularity(positions, values)


def make_rules(**changes: Any) -> Rules:
    values: dict[str, Any] = {
        "top_n": 3,
        "categories": np.array([0, 0, 1, 1, -1], np.int32),
        "cap": 2,
        "is_new": np.zeros(5, bool),
        "min_new": 0,
        "common": profile("cup", "mug", "pan", "pot", "rug"),
        "profiles": {},
    }
    return Rules(**{**values, **changes})


def profile(*allowed: str, pinned: tuple[str, ...] = ()) -> Profile:
    return Profile(np.isin(ITEMS, allowed), np.array([ITEMS.tolist().index(name) for name in pinned], np.int32))


def catalogue(**changes: Any) -> Catalogue:
    """Return cups and mugs in one direction, pans and pots in another, a rug in none."""
    vectors = np.array([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9], [0, 0]], np.float32)
    counts = {"everybody": popularity(rug=5, pan=3), "France": popularity(pot=2)}
    items = Factors(vectors, np.zeros(5, np.float32), np.ones(5, bool))
    return Catalogue(ITEMS, items, make_rules(**changes), counts, n_popular=2)


def rows_of(own_catalogue: Catalogue, people: UserSlice) -> list[dict[str, Any]]:
    batch = record_batch(own_catalogue, people, make_lists(own_catalogue, people))
    return pa.Table.from_batches([batch]).cast(SCHEMA).to_pylist()


def users(*, seen: bool = True) -> UserSlice:
    """Return someone who had a cup, someone in France and someone in Spain whom the model does not know."""
    had = sparse.csr_matrix(np.array([[1, 0, 0, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 0]], dtype=bool))
    vectors = np.array([[2, 1], [9, 9], [9, 9]], np.float32)
    return UserSlice(
        user_ids=np.array(["ann", "bob", "cat"]),
        segments=np.array(["Spain", "France", "Spain"]),
        factors=Factors(vectors, np.zeros(3, np.float32), np.array([True, False, False])),
        seen=had if seen else None,
        history=had.astype(np.float32),
    )


def test_lists_by_vector_and_by_segment_with_reasons() -> None:
    rows = {row["user_id"]: row for row in rows_of(catalogue(), users())}
    because, popular, taste = Reason.BECAUSE_OF_ITEM, Reason.POPULAR, Reason.TASTE
    assert rows["ann"]["item_ids"] == ["mug", "pot", "pan"]
    assert rows["ann"]["scores"] == pytest.approx([1.9, 1.1, 1.0])
    assert rows["ann"]["reason_codes"] == [because, taste, popular]
    assert rows["ann"]["reason_item_ids"] == ["cup", None, None]
    assert rows["bob"]["item_ids"] == ["rug", "pan", "cup"]  # the pot is seen; France bought nothing else
    assert rows["bob"]["reason_codes"] == [popular, popular, Reason.IN_THE_SHOP]
    assert rows["cat"]["item_ids"] == ["rug", "pan", "cup"]
    assert rows["cat"]["scores"] == [5, 3, 0]
    assert [row["segment"] for row in rows.values()] == ["Spain", "France", "Spain"]


def test_the_segment_comes_first_when_nothing_is_left_out() -> None:
    rows = rows_of(catalogue(), users(seen=False))
    assert rows[1]["item_ids"] == ["pot", "rug", "pan"]
    assert rows[1]["reason_codes"] == [Reason.POPULAR_IN_SEGMENT, Reason.POPULAR, Reason.POPULAR]
    assert rows[0]["item_ids"] == ["cup", "mug", "pot"]
    assert rows[0]["reason_item_ids"] == [None, "cup", None]  # an item is no reason for itself


def test_filters_hold_for_everyone() -> None:
    common = profile("cup", "pan", "pot", "rug")
    rows = rows_of(catalogue(common=common, cap=1, top_n=5), users())
    categories = dict(zip(ITEMS.tolist(), ["cup", "cup", "pan", "pan", None], strict=True))
    for row in rows:
        assert "mug" not in row["item_ids"]
        named = [categories[item] for item in row["item_ids"] if categories[item]]
        assert len(named) == len(set(named))
    assert [len(row["item_ids"]) for row in rows] == [2, 3, 3]


def test_a_segment_has_its_own_items_and_pins() -> None:
    profiles = {"Spain": profile("mug", "pan", "rug", pinned=("rug", "cup"))}
    rows = rows_of(catalogue(profiles=profiles), users())
    assert rows[0]["item_ids"] == ["rug", "mug", "pan"]
    assert rows[0]["scores"] == pytest.approx([0, 1.9, 1.0])
    assert rows[0]["reason_codes"] == [Reason.PINNED, Reason.BECAUSE_OF_ITEM, Reason.POPULAR]
    assert rows[1]["item_ids"] == ["rug", "pan", "cup"]
    assert rows[2]["item_ids"] == ["rug", "pan", "mug"]


def test_why_lists_are_short() -> None:
    def causes(**changes: Any) -> dict[str, int]:
        made = catalogue(**changes)
        return shortfall(made, users(), make_lists(made, users()))

    assert causes() == {}
    assert causes(common=profile("cup", "mug")) == {"catalogue": 3}
    assert causes(profiles={"Spain": profile("cup", "pan")}) == {"allow_list": 2}
    assert causes(profiles={"Spain": profile("cup", "pan", "rug")}) == {"seen": 1}
    assert causes(common=profile("cup", "mug", "pan", "pot"), cap=1) == {"category_cap": 3}
    assert causes(min_new=1, is_new=np.isin(ITEMS, ["pot"])) == {"few_new_items": 1}  # bob has seen the pot


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


def test_a_segment_with_rules_of_its_own_has_a_popular_list_of_its_own() -> None:
    table = popular_table(catalogue(profiles={"Spain": profile("mug", "pan", pinned=("mug",))}), 3).to_pylist()
    assert [row["item_id"] for row in table if row["segment"] == "Spain"] == ["mug", "pan"]


def test_some_of_the_users_get_the_same_lists_as_all() -> None:
    everyone = rows_of(catalogue(), users())
    assert rows_of(catalogue(), users().rows(slice(1, 3))) == everyone[1:]


def test_nobody_gets_no_rows() -> None:
    nobody = users().rows(slice(0, 0))
    batch = record_batch(catalogue(), nobody, make_lists(catalogue(), nobody))
    assert batch.num_rows == 0
    assert batch.schema.names[0] == "user_id"
