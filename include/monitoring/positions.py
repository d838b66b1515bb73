"""Identifiers as positions in the training set that the served batch was made from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include import columns as c
from include.types import Longs, Positions

MISSING = -1  # there is no identifier
NEW = -2  # the training set does not know it


def find_positions(values: Any, known: pa.Array) -> Longs:
    """Return the position of each of `values` in `known`, MISSING or NEW: (n_values,)."""
    found = pc.index_in(values, value_set=known)
    positions: Longs = pc.fill_null(found, NEW).to_numpy(zero_copy_only=False).astype(np.int64)
    if values.null_count:
        positions[pc.is_null(values).to_numpy(zero_copy_only=False)] = MISSING
    return positions


def count_accounts(batches: Iterable[pa.RecordBatch], users: pa.Array) -> Longs:
    """Return the events of each known account: (n_users,); the batches need the user_id only."""
    counts = np.zeros(len(users), dtype=np.int64)
    for batch in batches:
        counts += count_positions(find_positions(batch[c.USER_ID], users), len(users))
    return counts


def count_positions(positions: Positions, n: int) -> Longs:
    """Return how often each of the `n` positions occurs: (n,)."""
    counts: Longs = np.bincount(positions[positions >= 0], minlength=n)
    return counts
