"""Users' lists as PostgreSQL's binary COPY format, written by compiled code into one buffer a partition.

Format: https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format", and the array
format of `array_send`: dimensions, null flag, element type, length, lower bound, then each
element behind its size; all integers big-endian.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from include.serving.load.hashing import Array, compiled, inlined, place_users
from include.serving.load.lists import ListArrays
from include.types import NOTHING

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
FIELDS = 7
INT, REAL, SMALLINT = 23, 700, 21  # OIDs of the element types
ARRAY_HEADER = 20
# Number of fields, sizes and values of build, user_id and segment, sizes and headers of four arrays
ROW_BYTES = 2 + 4 + 4 + 4 + 4 + 4 * (4 + ARRAY_HEADER)
ENTRY_BYTES = 8 + 8 + 6 + 8


def encode(lists: ListArrays, keys: Array, reason_keys: Array, build: int, slices: int) -> list[memoryview]:
    """Return COPY rows, without header and trailer, for each of the hash partitions by user_id.

    Parameters
    ----------
    keys, reason_keys
        The item key, int32, of each name of `lists.items` and `lists.reason_items`.
    """
    places = place_users(lists.users.offsets, lists.users.data, slices)
    lengths = np.diff(lists.offsets)
    sizes = ROW_BYTES + ENTRY_BYTES * lengths + np.diff(lists.users.offsets) + np.diff(lists.segments.offsets)
    order = np.argsort(places, kind="stable")
    starts = np.empty(len(places), np.int64)
    starts[order] = np.cumsum(sizes[order]) - sizes[order]
    target = np.empty(int(sizes.sum()), np.uint8)
    _write_rows(
        target, starts, build, lists.users, lists.segments, lists.offsets, (lists.items.codes, keys),
        lists.scores.view(np.int32), lists.reasons, (lists.reason_items.codes, reason_keys),
    )  # fmt: skip
    ends = np.cumsum(np.bincount(places, weights=sizes, minlength=slices)).astype(np.int64)
    return [target[first:last].data for first, last in zip([0, *ends[:-1]], ends, strict=True)]


@inlined
def _put(target: Array, at: int, value: Any) -> int:
    target[at] = (value >> 24) & 0xFF
    target[at + 1] = (value >> 16) & 0xFF
    target[at + 2] = (value >> 8) & 0xFF
    target[at + 3] = value & 0xFF
    return at + 4


@inlined
def _put_text(target: Array, at: int, data: Array, first: int, last: int) -> int:
    at = _put(target, at, last - first)
    for place in range(first, last):
        target[at] = data[place]
        at += 1
    return at


@inlined
def _open_array(target: Array, at: int, oid: int, length: int, width: int) -> int:
    at = _put(target, at, ARRAY_HEADER + length * (4 + width))
    at = _put(target, at, 1)
    at = _put(target, at, 0)
    at = _put(target, at, oid)
    at = _put(target, at, length)
    return _put(target, at, 1)


@compiled
def _write_rows(
    target: Array,
    starts: Array,
    build: int,
    users: tuple[Array, Array],
    segments: tuple[Array, Array],
    offsets: Array,
    items: tuple[Array, Array],
    scores: Array,
    reasons: Array,
    reason_items: tuple[Array, Array],
) -> None:
    for row in range(len(starts)):
        at = starts[row]
        first, last = offsets[row], offsets[row + 1]
        length = last - first
        target[at], target[at + 1] = 0, FIELDS
        at = _put(target, at + 2, 4)
        at = _put(target, at, build)
        at = _put_text(target, at, users[1], users[0][row], users[0][row + 1])
        at = _put_text(target, at, segments[1], segments[0][row], segments[0][row + 1])
        at = _open_array(target, at, INT, length, 4)
        for i in range(first, last):
            at = _put(target, at, 4)
            at = _put(target, at, items[1][items[0][i]])
        at = _open_array(target, at, REAL, length, 4)
        for i in range(first, last):
            at = _put(target, at, 4)
            at = _put(target, at, scores[i])
        at = _open_array(target, at, SMALLINT, length, 2)
        for i in range(first, last):
            at = _put(target, at, 2)
            target[at] = (reasons[i] >> 8) & 0xFF
            target[at + 1] = reasons[i] & 0xFF
            at += 2
        at = _open_array(target, at, INT, length, 4)
        for i in range(first, last):
            code = reason_items[0][i]
            at = _put(target, at, 4)
            at = _put(target, at, 0 if code == NOTHING else reason_items[1][code])
