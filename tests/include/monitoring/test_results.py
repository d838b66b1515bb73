"""Results by item and segment, by hand."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from scipy import sparse

from include.monitoring.results import results_table, revenue_of_pairs

USERS, ITEMS = pa.array(["u0", "u1", "u2"]), pa.array(["a", "b", "c"])
SEGMENTS = np.array(["north", "south", "north"])
LISTS = np.array([[0, 1], [2, -1], [1, 0]], dtype=np.int32)


def matrix(*rows: list[int]) -> sparse.csr_matrix:
    return sparse.csr_matrix(np.array(rows, dtype=bool))


def paid(*rows: tuple[str | None, str, str, float | None, int | None]) -> pa.RecordBatch:
    names = ["user_id", "item_id", "event_type", "price", "quantity"]
    types = [pa.string(), pa.string(), pa.string(), pa.float64(), pa.int32()]
    columns = [pa.array(column, kind) for column, kind in zip(zip(*rows, strict=True), types, strict=True)]
    return pa.record_batch(columns, names=names)


def test_pairs_purchases_and_revenue_are_counted_by_cell_and_by_whether_the_list_had_them() -> None:
    turned, bought = matrix([1, 0, 1], [0, 0, 1], [1, 1, 0]), matrix([1, 0, 1], [0, 0, 0], [0, 1, 0])
    revenue = sparse.csr_matrix(np.array([[5.0, 0, 7.0], [0, 0, 0], [0, 2.5, 0]]))
    found = results_table({"comparison": turned, "purchases": bought}, LISTS, revenue, SEGMENTS, ITEMS)
    assert [tuple(row.values()) for row in found.to_pylist()] == [
        # item, segment, pairs, hits, purchases, purchase_hits, revenue, revenue_hits
        ("a", "north", 2, 2, 1, 1, 5.0, 5.0),
        ("b", "north", 1, 1, 1, 1, 2.5, 2.5),
        ("c", "north", 1, 0, 1, 0, 7.0, 0.0),
        ("c", "south", 1, 1, 0, 0, 0.0, 0.0),
    ]


def test_nothing_has_no_row() -> None:
    nothing = sparse.csr_matrix((3, 3), dtype=bool)
    found = results_table({"comparison": nothing, "purchases": nothing}, LISTS, nothing * 1.0, SEGMENTS, ITEMS)
    assert found.num_rows == 0 and found.column_names[:2] == ["item_id", "segment"]


def test_revenue_is_price_times_quantity_of_known_users_and_items_and_one_where_none_is_said() -> None:
    batches = [
        paid(("u0", "a", "purchase", 2.0, 3), ("u0", "a", "purchase", 1.0, None), ("u1", "b", "view", 9.0, 1)),
        paid((None, "a", "purchase", 2.0, 3), ("u2", "z", "purchase", 2.0, 3), ("u2", "c", "purchase", None, 3)),
    ]
    found = revenue_of_pairs(batches, USERS, ITEMS, ["purchase"])
    assert found.toarray().tolist() == [[7.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    assert revenue_of_pairs([], USERS, ITEMS, ["purchase"]).nnz == 0
