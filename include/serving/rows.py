"""Users' lists as PostgreSQL's binary COPY format, built by numpy and Arrow without a loop over users.

Format: https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format", and the array
format of `array_send`: dimensions, null flag, element type, length, lower bound, then each
element behind its size; all integers big-endian.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from include.columns import ITEM_IDS, REASON_CODES, REASON_ITEM_IDS, SCORES, SEGMENT, USER_ID
from include.errors import PublishError

if TYPE_CHECKING:
    import pyarrow as pa

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
FIELDS = 7
NO_ITEM = 0

# Column, element type's OID, element type
ARRAYS = (("items", 23, ">i4"), ("scores", 700, ">f4"), ("reasons", 21, ">i2"), ("reason_items", 23, ">i4"))


class ItemKeys:
    """Item ids to the keys of the item dimension.

    Parameters
    ----------
    keys
        item_id to item_key, everything that the dimension holds.
    """

    def __init__(self, keys: dict[str, int]) -> None:
        import pyarrow as pa

        self._ids = pa.array(list(keys), "string")
        self._keys = np.fromiter(keys.values(), np.int32, len(keys))

    def of(self, item_ids: pa.Array, *, nullable: bool = False) -> np.ndarray[Any, Any]:
        """Return the keys as int32, 0 for null where that is allowed.

        Raises
        ------
        PublishError
            When an item is not in the dimension, naming it.
        """
        import pyarrow.compute as pc

        places = pc.index_in(item_ids, value_set=self._ids)
        unknown = pc.and_(pc.is_null(places), pc.is_valid(item_ids)) if nullable else pc.is_null(places)
        if pc.any(unknown).as_py():
            first = item_ids.filter(unknown)[0].as_py()
            raise PublishError(
                f"the lists name item {first!r}, which the batch's items do not hold",
                remedy="delete the batch's folder and clear task score",
            )
        found = places.fill_null(0).to_numpy(zero_copy_only=False)
        keys = self._keys[found] if len(self._keys) else np.zeros(len(found), np.int32)
        return np.where(places.is_null().to_numpy(zero_copy_only=False), NO_ITEM, keys) if nullable else keys


class CopyStream:
    """The file that COPY reads: header, encoded rows, trailer. Counts what it has passed on."""

    def __init__(self, batches: Iterable[pa.RecordBatch], keys: ItemKeys, build: int) -> None:
        self.users = 0
        self.rows = 0
        self.longest = 0
        self._parts = self._encode(batches, keys, build)
        self._rest = memoryview(b"")

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, at most `size`; nothing at the end."""
        if not self._rest:
            self._rest = next(self._parts, memoryview(b""))
        size = len(self._rest) if size < 0 else size
        part, self._rest = self._rest[:size], self._rest[size:]
        return bytes(part)

    def _encode(self, batches: Iterable[pa.RecordBatch], keys: ItemKeys, build: int) -> Iterator[memoryview]:
        yield memoryview(HEADER)
        for batch in batches:
            self.users += batch.num_rows
            for part, length, rows in encode_rows(batch, keys, build):
                self.rows += length * rows
                self.longest = max(self.longest, length)
                yield part
        yield memoryview(TRAILER)


def encode_rows(batch: pa.RecordBatch, keys: ItemKeys, build: int) -> Iterator[tuple[memoryview, int, int]]:
    """Yield COPY rows with their lists' length and their number: users with lists of equal length together.

    Parameters
    ----------
    batch
        Columns user_id, segment, item_ids, scores, reason_codes, reason_item_ids.

    Raises
    ------
    PublishError
        When a column holds nulls, a user's lists differ in length, or an item is unknown.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    for name in (USER_ID, SEGMENT, ITEM_IDS, SCORES, REASON_CODES, REASON_ITEM_IDS):
        if batch[name].null_count:
            raise PublishError(f"{batch[name].null_count} users have no {name}", remedy="clear task score")
    lengths = pc.list_value_length(batch[ITEM_IDS]).to_numpy()
    for name in (SCORES, REASON_CODES, REASON_ITEM_IDS):
        uneven = np.flatnonzero(pc.list_value_length(batch[name]).to_numpy() != lengths)
        if len(uneven):
            user = batch[USER_ID][int(uneven[0])].as_py()
            raise PublishError(f"{name} of user {user!r} is not as long as {ITEM_IDS}", remedy="clear task score")
    for length in np.unique(lengths):
        chosen = batch.filter(pa.array(lengths == length))
        yield _encode_equal(chosen, int(length), keys, build), int(length), chosen.num_rows


def _encode_equal(batch: pa.RecordBatch, length: int, keys: ItemKeys, build: int) -> memoryview:
    import pyarrow as pa
    import pyarrow.compute as pc

    values = {
        "items": keys.of(batch[ITEM_IDS].flatten()),
        "scores": batch[SCORES].flatten().to_numpy(zero_copy_only=False),
        "reasons": batch[REASON_CODES].flatten().to_numpy(zero_copy_only=False),
        "reason_items": keys.of(batch[REASON_ITEM_IDS].flatten(), nullable=True),
    }
    arrays = _encode_arrays(values, batch.num_rows, length)
    start = np.array([(FIELDS, 4, build)], [("fields", ">i2"), ("size", ">i4"), ("build", ">i4")]).tobytes()
    joined = pc.binary_join_element_wise(
        pa.scalar(start, pa.binary()),
        *_sized_text(batch[USER_ID]),
        *_sized_text(batch[SEGMENT]),
        _as_binary(arrays),
        pa.scalar(b"", pa.binary()),
    )
    offsets = np.frombuffer(joined.buffers()[1], np.int32)[joined.offset :]
    return memoryview(joined.buffers()[2])[int(offsets[0]) : int(offsets[len(joined)])]


def _encode_arrays(values: dict[str, Any], rows: int, length: int) -> np.ndarray[Any, Any]:
    """Return one packed record a user: the four arrays, each with its size, header and elements."""
    layout = [
        (name, [
            ("size", ">i4"), ("dimensions", ">i4"), ("nulls", ">i4"), ("oid", ">i4"), ("length", ">i4"),
            ("lower", ">i4"), ("elements", [("size", ">i4"), ("value", element)], (length,)),
        ])
        for name, _, element in ARRAYS
    ]  # fmt: skip
    records = np.zeros(rows, layout)
    for name, oid, element in ARRAYS:
        width = np.dtype(element).itemsize
        record = records[name]
        record["size"] = 20 + length * (4 + width)
        record["dimensions"], record["oid"], record["length"], record["lower"] = 1, oid, length, 1
        record["elements"]["size"] = width
        record["elements"]["value"] = np.asarray(values[name]).reshape(rows, length)
    return records


def _sized_text(texts: pa.Array) -> tuple[pa.Array, pa.Array]:
    import pyarrow as pa
    import pyarrow.compute as pc

    as_bytes = pc.cast(pc.cast(texts, pa.string()), pa.binary())
    sizes = pc.binary_length(as_bytes).to_numpy(zero_copy_only=False).astype(">i4")
    return _as_binary(sizes), as_bytes


def _as_binary(records: np.ndarray[Any, Any]) -> pa.Array:
    import pyarrow as pa

    width = records.dtype.itemsize
    offsets = np.arange(len(records) + 1, dtype=np.int32) * np.int32(width)
    data = np.ascontiguousarray(records)
    return pa.Array.from_buffers(pa.binary(), len(records), [None, pa.py_buffer(offsets), pa.py_buffer(data)])
