"""Who got what, counted."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from include.evaluation.exposure import Exposure, measure_exposure, movers, top_share


def lists(*rows: tuple[str, list[str]], coded: bool = False) -> pa.RecordBatch:
    items: Any = pa.array([items for _, items in rows], pa.list_(pa.string()))
    if coded:
        items = pa.ListArray.from_arrays(items.offsets, items.values.dictionary_encode())
    reasons = pa.array([[1] * len(items) for _, items in rows], pa.list_(pa.int8()))
    segments = pa.array([segment for segment, _ in rows])
    return pa.record_batch({"segment": segments, "item_ids": items, "reason_codes": reasons})


@pytest.mark.parametrize("coded", [False, True])
def test_items_segments_and_reasons_are_counted_over_all_parts(coded: bool) -> None:
    parts = [lists(("north", ["a", "b"]), ("south", []), coded=coded), lists(("south", ["b"]), coded=coded)]
    found = measure_exposure(parts)
    assert found.users == {"north": 1, "south": 1}
    assert (found.by_item(), found.by_item("south")) == ({"a": 1, "b": 2}, {"b": 1})
    assert found.reasons == {1: 3}


def test_no_lists_are_no_exposure() -> None:
    assert measure_exposure([]) == Exposure()
    assert top_share({}, 0.1) == 0.0


def test_movers_are_those_whose_number_changed_most() -> None:
    found = movers({"a": 5, "b": 1, "new": 3}, {"a": 1, "b": 1, "gone": 4}, 2)
    assert found == [("a", 1, 5), ("gone", 4, 0)]


def test_the_share_of_the_most_shown() -> None:
    assert top_share({"a": 9, **{f"i{n}": 1 for n in range(9)}}, 0.1) == 0.5
