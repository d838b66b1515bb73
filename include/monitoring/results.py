"""Yesterday's results by item and segment: who turned to it, who had it in the list, and what that earned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from include import columns as c
from include.monitoring.performance import on_shelf
from include.monitoring.positions import find_positions
from include.types import Bools, Integers, Longs, Strings

PAID_COLUMNS = [c.USER_ID, c.ITEM_ID, c.EVENT_TYPE, c.PRICE, c.QUANTITY]
COUNTS = ("pairs", "hits", "purchases", "purchase_hits", "revenue", "revenue_hits")


def revenue_of_pairs(
    batches: Iterable[pa.RecordBatch], users: pa.Array, items: pa.Array, events: Iterable[str]
) -> sparse.csr_matrix:
    """Return what users paid by one of `events`: (n_users, n_items) float64, price times quantity, 1 if none is said.

    Parameters
    ----------
    batches
        With the columns of `PAID_COLUMNS`.
    users, items
        Identifiers, in the order of the rows and columns.
    """
    kinds = pa.array(events, pa.string())
    rows, places, paid = [], [], []
    for batch in batches:
        batch = batch.filter(pc.and_(pc.is_in(batch[c.EVENT_TYPE], value_set=kinds), pc.is_valid(batch[c.PRICE])))
        row, place = find_positions(batch[c.USER_ID], users), find_positions(batch[c.ITEM_ID], items)
        known = (row >= 0) & (place >= 0)
        money = pc.multiply(batch[c.PRICE].cast("float64"), pc.fill_null(batch[c.QUANTITY].cast("float64"), 1.0))
        rows.append(row[known])
        places.append(place[known])
        paid.append(money.to_numpy(zero_copy_only=False)[known])
    shape = (len(users), len(items))
    if not rows:
        return sparse.csr_matrix(shape)
    return sparse.csr_matrix((np.concatenate(paid), (np.concatenate(rows), np.concatenate(places))), shape=shape)


def results_table(
    wanted: Mapping[str, sparse.csr_matrix],
    lists: Integers,
    revenue: sparse.csr_matrix,
    segments: Strings,
    item_ids: pa.Array,
) -> pa.Table:
    """Count new pairs by item and segment: columns item_id, segment and `COUNTS`; of nothing there is no row.

    Parameters
    ----------
    wanted
        ``comparison`` and ``purchases``: (n_users, n_items) bool CSR of new pairs, see `compare_lists`.
    lists
        (n_users, n) int32 positions of the served lists, -1 after the end.
    revenue
        (n_users, n_items) float64 CSR of what was paid.
    segments
        (n_users,) text.
    """
    names, codes = np.unique(segments, return_inverse=True)
    codes = codes.astype(np.int64)
    n_cells = len(names) * len(item_ids)
    sums = {}
    for matrix, (all_of, listed) in zip(
        (wanted["comparison"], wanted["purchases"]), (COUNTS[0:2], COUNTS[2:4]), strict=True
    ):
        cells, shown, _ = _cells(matrix, lists, codes)
        sums[all_of] = np.bincount(cells, minlength=n_cells)
        sums[listed] = np.bincount(cells[shown], minlength=n_cells)
    cells, shown, places = _cells(wanted["purchases"], lists, codes)
    paid = np.asarray(revenue[places]).ravel()
    sums["revenue"] = np.bincount(cells, paid, n_cells)
    sums["revenue_hits"] = np.bincount(cells[shown], paid[shown], n_cells)
    filled = np.flatnonzero(sums["pairs"] + sums["purchases"])
    return pa.table({
        c.ITEM_ID: item_ids.take(pa.array(filled % len(item_ids))),
        c.SEGMENT: pa.array(names[filled // len(item_ids)].tolist(), pa.string()),
        **{name: sums[name][filled] for name in COUNTS},
    })  # fmt: skip


def _cells(wanted: sparse.csr_matrix, lists: Integers, codes: Longs) -> tuple[Longs, Bools, tuple[Longs, Integers]]:
    """Return each pair's cell (segment, item), whether it was on the shelf, and its user and item."""
    users = np.repeat(np.arange(wanted.shape[0]), np.diff(wanted.indptr))
    cells = codes[users] * wanted.shape[1] + wanted.indices
    return cells, on_shelf(lists, wanted), (users, wanted.indices)
