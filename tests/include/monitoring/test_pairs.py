"""Arrow batches to counts and pairs, whatever the batches' size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import sparse

from include.monitoring.pairs import choose_users, list_matrix, wanted_pairs
from include.monitoring.positions import count_accounts
from include.monitoring.profile import heavy_accounts, profile_events

USERS, ITEMS = pa.array(["u0", "u1", "u2"]), pa.array(["a", "b", "c"])
USER_TABLE = pa.table({"user_id": USERS, "segment": ["north", "everybody", "south"]})
ITEM_TABLE = pa.table({"item_id": ITEMS, "category": ["MUG", None, "LAMP"]})
EVENTS = [
    ("u0", "a", "view", 4.0), ("u0", "a", "purchase", 4.0), ("u1", "b", "view", None), (None, "c", "view", 2.0),
    ("stranger", "c", "cart", 1.0), ("u2", "new", "view", -1.0), ("u2", "c", "return", 2.0), ("u2", "a", "view", 4.0),
]  # fmt: skip


def batches(size: int) -> list[pa.RecordBatch]:
    columns = list(zip(*EVENTS, strict=True))
    table = pa.table(
        {
            "user_id": pa.array(columns[0], pa.string()),
            "item_id": pa.array(columns[1], pa.string()),
            "event_type": pa.array(columns[2], pa.string()),
            "price": pa.array(columns[3], pa.float64()),
        }
    )
    return table.to_batches(max_chunksize=size)


@pytest.mark.parametrize("size", [1, 3, 100])
def test_the_counts_of_a_day(size: int) -> None:
    profile = profile_events(batches(size), USER_TABLE, ITEM_TABLE, np.zeros(3, bool))
    assert profile.rows == 8
    assert profile.histograms == {
        "event_type": {"view": 5, "purchase": 1, "cart": 1, "return": 1},
        "category": {"MUG": 3, "LAMP": 3, "unknown": 2},
        "price": {"4.0000": 3, "2.0000": 2, "1.0000": 1, "unknown": 2},
        "segment": {"north": 2, "south": 3, "unknown": 3},
        "user_id": {"known": 7, "unknown": 1},
    }
    assert (profile.new_users, profile.new_items, profile.heavy) == (1, 1, 0)


def test_heavy_accounts_are_counted_apart() -> None:
    profile = profile_events(batches(100), USER_TABLE, ITEM_TABLE, np.array([False, False, True]))
    assert (profile.rows, profile.heavy) == (8, 3)
    assert sum(profile.histograms["event_type"].values()) == 5


@pytest.mark.parametrize("size", [1, 100])
def test_pairs_are_new_and_of_the_events_asked_for(size: int) -> None:
    bought = sparse.csr_matrix((np.ones(1, bool), ([0], [0])), shape=(3, 3))
    everybody, nothing = np.ones(3, bool), sparse.csr_matrix((3, 3), dtype=bool)

    def pairs(events: list[str], chosen: Any, before: Any) -> list[tuple[int, int]]:
        found = wanted_pairs(batches(size), USERS, ITEMS, events, chosen, before)
        return list(zip(*(part.tolist() for part in found.nonzero()), strict=True))

    assert pairs(["view", "cart", "purchase"], everybody, nothing) == [(0, 0), (1, 1), (2, 0)]
    assert pairs(["view", "cart", "purchase"], everybody, bought) == [(1, 1), (2, 0)]
    assert pairs(["purchase"], everybody, nothing) == [(0, 0)]
    assert pairs(["view"], np.array([True, False, False]), nothing) == [(0, 0)]


def test_accounts_and_who_is_looked_at() -> None:
    assert count_accounts(batches(2), USERS).tolist() == [2, 1, 3]
    counts = np.append(np.full(999, 5), 500)
    assert choose_users(counts, 1000).sum() == 999
    assert choose_users(counts, 100).sum() == 100
    assert heavy_accounts(np.zeros(4, int)).sum() == 0


def test_lists_become_positions_in_any_order() -> None:
    table = pa.table(
        {
            "user_id": ["u2", "x", "u0"],
            "item_ids": pa.array([["c", "gone", "a", "b"], ["a"], []], pa.list_(pa.string())),
        }
    )
    assert list_matrix(table.to_batches(max_chunksize=1), USERS, ITEMS, 3).tolist() == [
        [-1, -1, -1],
        [-1, -1, -1],
        [2, -1, 0],
    ]
