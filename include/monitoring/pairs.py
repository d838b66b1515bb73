"""Who turned to what, and which lists they had: pairs of user and item, and lists, as positions.

Events come as Arrow batches, and memory does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from include import columns as c
from include.monitoring.positions import find_positions
from include.monitoring.profile import heavy_accounts
from include.types import NOTHING, Bools, Integers, Longs, Strings

COLUMNS = [c.USER_ID, c.ITEM_ID, c.EVENT_TYPE]
MOST_PAIRS = 5_000_000  # pairs are made unique when so many have been collected


def wanted_pairs(
    batches: Iterable[pa.RecordBatch],
    users: pa.Array,
    items: pa.Array,
    events: Iterable[str],
    chosen: Bools,
    bought: sparse.csr_matrix,
) -> sparse.csr_matrix:
    """Return who turned to what by one of `events`: (n_users, n_items) bool CSR.

    Parameters
    ----------
    batches
        With the columns of `COLUMNS`.
    users, items
        Identifiers of the training set, in its order.
    chosen
        (n_users,) bool: users to look at; the others have no pairs.
    bought
        (n_users, n_items) CSR: pairs that are not new.
    """
    kinds = pa.array(events, pa.string())
    parts: list[Longs] = []
    for batch in batches:
        batch = batch.filter(pc.is_in(batch[c.EVENT_TYPE], value_set=kinds))
        rows, places = find_positions(batch[c.USER_ID], users), find_positions(batch[c.ITEM_ID], items)
        keep = (rows >= 0) & (places >= 0)
        keep[keep] = chosen[rows[keep]]
        parts.append(np.unique(rows[keep] * len(items) + places[keep]))
        if sum(map(len, parts)) > MOST_PAIRS:
            parts = [np.unique(np.concatenate(parts))]
    pairs = np.unique(np.concatenate(parts)) if parts else np.zeros(0, dtype=np.int64)
    return new_pairs(pairs, bought)


def new_pairs(pairs: Longs, bought: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return the pairs that are not in `bought`, in its shape: bool CSR.

    Parameters
    ----------
    pairs
        Unique numbers, user x n_items + item.
    """
    n_items = bought.shape[1]
    ones = np.ones(len(pairs), dtype=np.int8)
    matrix = sparse.csr_matrix((ones, (pairs // n_items, pairs % n_items)), shape=bought.shape)
    new = (matrix - matrix.multiply(bought.astype(bool))).tocsr()
    new.eliminate_zeros()
    return new.astype(bool)


def bought_pairs(interactions: pa.Table, n_users: int, n_items: int) -> sparse.csr_matrix:
    """Return the pairs of the training set with a purchase: (n_users, n_items) bool CSR."""
    pairs = interactions.filter(pc.is_valid(interactions[c.BOUGHT_ON]))
    index = (pairs[c.USER_INDEX].to_numpy(), pairs[c.ITEM_INDEX].to_numpy())
    return sparse.csr_matrix((np.ones(pairs.num_rows, dtype=bool), index), shape=(n_users, n_items))


def choose_users(accounts: Longs, most: int) -> Bools:
    """Return which users to look at: no heavy accounts, and of very many users every n-th, the same every day.

    Parameters
    ----------
    accounts
        (n_users,) events of the day.
    """
    step = max(-(-len(accounts) // most), 1)
    chosen: Bools = ~heavy_accounts(accounts) & (np.arange(len(accounts)) % step == 0)
    return chosen


def list_matrix(batches: Iterable[pa.RecordBatch], users: pa.Array, items: pa.Array, n: int) -> Integers:
    """Return the lists of `users` as positions in `items`: (n_users, n) int32, -1 where there is nothing.

    Parameters
    ----------
    batches
        With the columns user_id and item_ids, in any order.
    """
    lists = np.full((len(users), n), NOTHING, dtype=np.int32)
    for batch in batches:
        rows = find_positions(batch[c.USER_ID], users)
        mine = np.flatnonzero(rows >= 0)
        if not len(mine):
            continue
        entries = batch[c.ITEM_IDS].take(pa.array(mine))
        lengths = pc.list_value_length(entries).to_numpy(zero_copy_only=False)
        found = find_positions(pc.list_flatten(entries), items)
        owners = np.repeat(rows[mine], lengths)
        places = np.arange(len(found)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        inside = (places < n) & (found >= 0)
        lists[owners[inside], places[inside]] = found[inside]
    return lists


def popular_lists(popular: pa.Table, segments: Strings, items: pa.Array, n: int) -> Integers:
    """Return what each user would have seen without a list of their own: (n_users, n) int32, -1 after the end.

    Parameters
    ----------
    popular
        Columns segment and item_id, best first: what is popular in a segment, then in all of them.
    segments
        (n_users,) text.
    """
    lists = np.full((len(segments), n), NOTHING, dtype=np.int32)
    everybody = popular.filter(pc.equal(popular[c.SEGMENT], c.EVERYBODY))[c.ITEM_ID].to_pylist()
    for name in np.unique(segments):
        own = popular.filter(pc.equal(popular[c.SEGMENT], name))[c.ITEM_ID].to_pylist()
        found = pc.index_in(pa.array(dict.fromkeys([*own, *everybody])), value_set=items).drop_null().to_numpy()[:n]
        lists[segments == name, : len(found)] = found
    return lists
