"""A day's events from Arrow batches, in memory that does not grow with their number.

Identifiers become positions in the training set that the served batch was made from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from include import columns as c
from include.monitoring.profile import MISSING, NEW_CODE, Profile, Profiler, heavy_accounts
from include.types import Bools, Doubles, Integers, Longs, Strings

COLUMNS = [c.USER_ID, c.ITEM_ID, c.EVENT_TYPE, c.PRICE]
MOST_PAIRS = 5_000_000  # pairs are made unique when so many have been collected


class Encoded(NamedTuple):
    """Events as codes: positions, MISSING, or NEW_CODE where the training set lacks them; prices NaN where missing."""

    kinds: Longs
    users: Longs
    items: Longs
    prices: Doubles


@dataclass(frozen=True)
class Coder:
    """Turns identifiers into positions.

    Attributes
    ----------
    users, items
        Identifiers of the training set, in its order.
    event_types
        Every event type that the day may hold.
    """

    users: pa.Array
    items: pa.Array
    event_types: tuple[str, ...]

    def encode(self, batch: pa.RecordBatch) -> Encoded:
        """Return the events of a batch with the columns of `COLUMNS`."""
        prices = pc.fill_null(batch[c.PRICE], np.nan).to_numpy(zero_copy_only=False)
        return Encoded(
            kinds=_positions(batch[c.EVENT_TYPE], pa.array(self.event_types, pa.string())),
            users=_positions(batch[c.USER_ID], self.users),
            items=_positions(batch[c.ITEM_ID], self.items),
            prices=prices.astype(np.float64, copy=False),
        )


@dataclass(frozen=True)
class Known:
    """What the training set knows: names of categories and segments, and which item and user is of which."""

    categories: Strings
    item_categories: Longs
    segments: Strings
    user_segments: Longs


def known(categories: Strings, segments: Strings) -> Known:
    """Return the codes of each item's category and each user's segment; "" and "everybody" are unknown."""
    names, items = np.unique(categories, return_inverse=True)
    parts, users = np.unique(segments, return_inverse=True)
    return Known(
        names,
        np.where(categories == "", MISSING, items).astype(np.int64),
        parts,
        np.where(segments == c.EVERYBODY, MISSING, users).astype(np.int64),
    )


def count_accounts(batches: Iterable[pa.RecordBatch], users: pa.Array) -> Longs:
    """Return the events of each known account: (n_users,); the batches need the user_id only."""
    counts = np.zeros(len(users), dtype=np.int64)
    for batch in batches:
        codes = _positions(batch[c.USER_ID], users)
        counts += np.bincount(codes[codes >= 0], minlength=len(users))
    return counts


def profile_events(batches: Iterable[pa.RecordBatch], coder: Coder, about: Known, heavy: Bools) -> Profile:
    """Return the counts of the events; those of `heavy` accounts are counted apart."""
    profiler = Profiler(
        event_types=coder.event_types,
        categories=tuple(about.categories.tolist()),
        segments=tuple(about.segments.tolist()),
        item_categories=about.item_categories,
        user_segments=about.user_segments,
        heavy=heavy,
    )
    for batch in batches:
        profiler.add(*coder.encode(batch))
    return profiler.profile()


def wanted_pairs(
    batches: Iterable[pa.RecordBatch],
    coder: Coder,
    events: Iterable[str],
    chosen: Bools,
    bought: sparse.csr_matrix,
) -> sparse.csr_matrix:
    """Return who turned to what by one of `events`: (n_users, n_items) bool CSR.

    Parameters
    ----------
    chosen
        (n_users,) bool: who is looked at; the others have no pairs.
    bought
        (n_users, n_items) CSR: pairs that are nothing new.
    """
    kinds = [coder.event_types.index(name) for name in events if name in coder.event_types]
    n_items = len(coder.items)
    parts: list[Longs] = []
    for batch in batches:
        found = coder.encode(batch)
        keep = np.isin(found.kinds, kinds) & (found.users >= 0) & (found.items >= 0)
        keep &= chosen[np.where(keep, found.users, 0)] if len(chosen) else False
        parts.append(np.unique(found.users[keep] * n_items + found.items[keep]))
        if sum(map(len, parts)) > MOST_PAIRS:
            parts = [np.unique(np.concatenate(parts))]
    pairs = np.unique(np.concatenate(parts)) if parts else np.zeros(0, dtype=np.int64)
    shape = (len(coder.users), n_items)
    matrix = sparse.csr_matrix((np.ones(len(pairs), dtype=np.int8), (pairs // n_items, pairs % n_items)), shape=shape)
    new = (matrix - matrix.multiply(bought.astype(bool))).tocsr()
    new.eliminate_zeros()
    return new.astype(bool)


def people(accounts: Longs, most: int) -> Bools:
    """Return who is looked at: no heavy accounts, and of very many users every n-th, the same every day."""
    step = -(-len(accounts) // most)
    chosen: Bools = ~heavy_accounts(accounts) & (np.arange(len(accounts)) % max(step, 1) == 0)
    return chosen


def list_matrix(batches: Iterable[pa.RecordBatch], users: pa.Array, items: pa.Array, n: int) -> Integers:
    """Return the lists of `users` as positions in `items`: (n_users, n) int32, -1 where there is nothing.

    Parameters
    ----------
    batches
        With the columns user_id and item_ids, in any order.
    """
    lists = np.full((len(users), n), -1, dtype=np.int32)
    for batch in batches:
        rows = _positions(batch[c.USER_ID], users)
        mine = np.flatnonzero(rows >= 0)
        if not len(mine):
            continue
        entries = batch[c.ITEM_IDS].take(pa.array(mine))
        lengths = pc.list_value_length(entries).to_numpy(zero_copy_only=False)
        found = _positions(pc.list_flatten(entries), items)
        owners = np.repeat(rows[mine], lengths)
        places = np.arange(len(found)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        inside = (places < n) & (found >= 0)
        lists[owners[inside], places[inside]] = found[inside]
    return lists


def _positions(values: Any, known_values: pa.Array) -> Longs:
    found = pc.index_in(values, value_set=known_values)
    codes: Longs = pc.fill_null(found, NEW_CODE).to_numpy(zero_copy_only=False).astype(np.int64)
    if values.null_count:
        codes[pc.is_null(values).to_numpy(zero_copy_only=False)] = MISSING
    return codes
