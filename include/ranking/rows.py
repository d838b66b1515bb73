"""Lists as Arrow rows, one a user: what a batch's Parquet files hold."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from include import columns as c
from include.ranking.catalogue import Catalogue, UserSlice
from include.ranking.lists import ExplainedLists
from include.types import NOTHING, Integers

LIST_TYPES = {
    c.ITEM_IDS: pa.string(),
    c.SCORES: pa.float32(),
    c.REASON_CODES: pa.int8(),
    c.REASON_ITEM_IDS: pa.string(),
}


def list_field(name: str, kind: pa.DataType) -> pa.Field:
    """Return the field of a list; Parquet is written and read faster where nothing can be null."""
    element = pa.field("element", kind, nullable=name == c.REASON_ITEM_IDS)
    return pa.field(name, pa.list_(element), nullable=False)


SCHEMA = pa.schema(
    [
        pa.field(c.USER_ID, pa.string(), nullable=False),
        pa.field(c.SEGMENT, pa.string(), nullable=False),
        *(list_field(name, kind) for name, kind in LIST_TYPES.items()),
    ]
)


def record_batch(catalogue: Catalogue, users: UserSlice, lists: ExplainedLists) -> pa.RecordBatch:
    """Return one row a user, see `SCHEMA`.

    Identifiers are taken from a dictionary of those that occur, once each, which is also how they
    are in the Parquet file.
    """
    there = lists.items != NOTHING
    offsets = np.zeros(len(there) + 1, dtype=np.int32)
    np.cumsum(there.sum(axis=1), out=offsets[1:])
    chosen = slice(None) if there.all() else there  # which spares a copy
    arrays = [
        _identifiers(catalogue.names, lists.items[chosen].ravel()),
        pa.array(lists.scores[chosen].ravel()),
        pa.array(lists.codes[chosen].ravel()),
        _identifiers(catalogue.names, lists.sources[chosen].ravel()),
    ]
    columns = [pa.array(users.user_ids.tolist(), pa.string()), pa.array(users.segments.tolist(), pa.string())]
    fields = [SCHEMA.field(c.USER_ID), SCHEMA.field(c.SEGMENT)]
    for name, values in zip(LIST_TYPES, arrays, strict=True):
        fields.append(list_field(name, values.type))
        columns.append(pa.ListArray.from_arrays(pa.array(offsets), values, type=fields[-1].type))
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))


def _identifiers(names: pa.Array, positions: Integers) -> pa.DictionaryArray:
    occurs = np.zeros(len(names) + 1, dtype=bool)
    occurs[positions] = True  # NOTHING is the last
    missing = positions == NOTHING if occurs[-1] else None
    occurs[-1] = False
    used = np.flatnonzero(occurs)
    code = np.zeros(len(occurs), dtype=np.int32)
    code[used] = np.arange(len(used), dtype=np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(code[positions], mask=missing), names.take(pa.array(used)))
