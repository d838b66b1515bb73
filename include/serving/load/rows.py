"""Lists as PostgreSQL's binary COPY format, written by compiled code into one buffer a partition.

Format: https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format", and the array
format of `array_send`: dimensions, null flag, element type, length, lower bound, then each
element behind its size; all integers big-endian.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from include.serving.load.hashing import Array, compiled, inlined, place_rows
from include.serving.load.lists import ListArrays, texts
from include.types import NOTHING

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
FIELDS = 7  # of a kind without figures
INT, REAL, SMALLINT, TEXT = 23, 700, 21, 25  # OIDs of the element types
ARRAY_HEADER = 20
# Number of fields, sizes and values of build, key and scope; the arrays come on top
ROW_BYTES = 2 + 4 + 4 + 4 + 4
ENTRY_BYTES = 8 + 8 + 6 + 8
NO_TEXTS = np.zeros(0, np.int32), np.zeros(0, np.uint8)


def encode(lists: ListArrays, keys: Array | None, reason_keys: Array, build: int, slices: int) -> list[memoryview]:
    """Return COPY rows, without header and trailer, for each of the hash partitions by key.

    Parameters
    ----------
    keys, reason_keys
        The item key, int32, of each name of `lists.members` and `lists.reason_items`; None where the members are users,
        who are written by name.
    """
    places = place_rows(lists.keys.offsets, lists.keys.data, slices)
    n_figures, lengths = len(lists.figures), lists.lengths
    names, sizes = NO_TEXTS, (ENTRY_BYTES + 8 * n_figures) * lengths
    if keys is None:
        names, keys = texts(lists.members.names), np.zeros(0, np.int32)
        spelled = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.diff(names.offsets)[lists.members.codes] - 4)])
        sizes = sizes + np.diff(spelled[lists.offsets])
    sizes = sizes + ROW_BYTES + (4 + n_figures) * (4 + ARRAY_HEADER)
    sizes = sizes + np.diff(lists.keys.offsets) + np.diff(lists.scopes.offsets)
    order = np.argsort(places, kind="stable")
    starts = np.empty(len(places), np.int64)
    starts[order] = np.cumsum(sizes[order]) - sizes[order]
    target = np.empty(int(sizes.sum()), np.uint8)
    _write_rows(
        target, starts, build, lists.keys, lists.scopes, lists.offsets, (lists.members.codes, keys), names,
        lists.scores.view(np.int32), lists.reasons, (lists.reason_items.codes, reason_keys),
        lists.figures.view(np.int32),
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
def _put_members(
    target: Array, at: int, members: tuple[Array, Array], names: tuple[Array, Array], first: int, last: int
) -> int:
    """Write item keys, or texts where there are names."""
    codes = members[0]
    if len(names[0]) == 0:
        at = _open_array(target, at, INT, last - first, 4)
        for i in range(first, last):
            at = _put(target, at, 4)
            at = _put(target, at, members[1][codes[i]])
        return at
    begin = at
    at = _open_array(target, at, TEXT, last - first, 0)
    for i in range(first, last):
        at = _put_text(target, at, names[1], names[0][codes[i]], names[0][codes[i] + 1])
    _put(target, begin, at - begin - 4)
    return at


@compiled
def _write_rows(
    target: Array,
    starts: Array,
    build: int,
    keys: tuple[Array, Array],
    scopes: tuple[Array, Array],
    offsets: Array,
    members: tuple[Array, Array],
    names: tuple[Array, Array],
    scores: Array,
    reasons: Array,
    reason_items: tuple[Array, Array],
    figures: Array,
) -> None:
    for row in range(len(starts)):
        at = starts[row]
        first, last = offsets[row], offsets[row + 1]
        length = last - first
        target[at], target[at + 1] = 0, FIELDS + len(figures)
        at = _put(target, at + 2, 4)
        at = _put(target, at, build)
        at = _put_text(target, at, keys[1], keys[0][row], keys[0][row + 1])
        at = _put_text(target, at, scopes[1], scopes[0][row], scopes[0][row + 1])
        at = _put_members(target, at, members, names, first, last)
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
        for figure in range(len(figures)):
            at = _open_array(target, at, REAL, length, 4)
            for i in range(first, last):
                at = _put(target, at, 4)
                at = _put(target, at, figures[figure, i])
