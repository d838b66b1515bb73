"""PostgreSQL's own hash functions, so that lists have the same digest here and there, at the speed of memory.

They are Bob Jenkins' lookup3 (`hash_bytes_extended` of PostgreSQL's src/common/hashfn.c), and the combination of
elements in `hash_array_extended` and `hash_record_extended`: h = 31 h + hash(element) modulo 2^64. Hash partitions
depend on them, so they do not change between versions.

All functions are compiled, release the GIL, and take texts as Arrow has them: `offsets`, int32, one more than texts,
into `data`, uint8. A hash is a uint64.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import numba
import numpy as np
from numba import uint32, uint64

Array: TypeAlias = np.ndarray[Any, Any]
Function = TypeVar("Function", bound=Callable[..., Any])

compiled: Callable[[Function], Function] = numba.njit(nogil=True, cache=True)
inlined: Callable[[Function], Function] = numba.njit(nogil=True, cache=True, inline="always")

START = 0x9E3779B9 + 3923095
ARRAY_START = 1
# Seed and constant of partition_hash: HASH_PARTITION_SEED and hash_combine64(0, h)
PARTITION_SEED = np.uint64(0x7A5B22367996DCFD)
PARTITION_ADDEND = np.uint64(0x49A0F4DD15E5A8E3)


@inlined
def _turn(value: Any, places: int) -> Any:
    return uint32((uint32(value) << uint32(places)) | (uint32(value) >> uint32(32 - places)))


@inlined
def _mix(a: Any, b: Any, c: Any) -> Any:
    a = uint32(uint32(a - c) ^ _turn(c, 4))
    c = uint32(c + b)
    b = uint32(uint32(b - a) ^ _turn(a, 6))
    a = uint32(a + c)
    c = uint32(uint32(c - b) ^ _turn(b, 8))
    b = uint32(b + a)
    a = uint32(uint32(a - c) ^ _turn(c, 16))
    c = uint32(c + b)
    b = uint32(uint32(b - a) ^ _turn(a, 19))
    a = uint32(a + c)
    c = uint32(uint32(c - b) ^ _turn(b, 4))
    b = uint32(b + a)
    return a, b, c


@inlined
def _finish(a: Any, b: Any, c: Any) -> Any:
    c = uint32(uint32(c ^ b) - _turn(b, 14))
    a = uint32(uint32(a ^ c) - _turn(c, 11))
    b = uint32(uint32(b ^ a) - _turn(a, 25))
    c = uint32(uint32(c ^ b) - _turn(b, 16))
    a = uint32(uint32(a ^ c) - _turn(c, 4))
    b = uint32(uint32(b ^ a) - _turn(a, 14))
    c = uint32(uint32(c ^ b) - _turn(b, 24))
    return (uint64(b) << uint64(32)) | uint64(c)


@inlined
def hash_int(value: Any) -> Any:
    """Return `hashint4extended(value, 0)`, which is also that of smallint."""
    start = uint32(START + 4)
    return _finish(uint32(start + uint32(value)), start, start)


@inlined
def hash_double(bits: Any) -> Any:
    """Return `hashfloat8extended` (and float4's) of the number with these 64 bits; both zeros give 0."""
    if bits << uint64(1) == uint64(0):
        return uint64(0)
    start = uint32(START + 8)
    return _finish(uint32(start + uint32(bits)), uint32(start + uint32(bits >> uint64(32))), start)


@compiled
def hash_text(data: Any, first: int, last: int, seed: Any) -> Any:
    """Return `hashtextextended(data[first:last], seed)` for a deterministic collation."""
    length = last - first
    a = b = c = uint32(START + length)
    if seed != uint64(0):
        a, b, c = _mix(uint32(a + uint32(seed >> uint64(32))), uint32(b + uint32(seed)), c)
    while last - first >= 12:
        for place in range(4):
            shift = uint32(8 * place)
            a = uint32(a + (uint32(data[first + place]) << shift))
            b = uint32(b + (uint32(data[first + 4 + place]) << shift))
            c = uint32(c + (uint32(data[first + 8 + place]) << shift))
        a, b, c = _mix(a, b, c)
        first += 12
    for place in range(last - first):
        value = uint32(data[first + place])
        if place < 4:
            a = uint32(a + (value << uint32(8 * place)))
        elif place < 8:
            b = uint32(b + (value << uint32(8 * (place - 4))))
        else:  # the lowest byte of c is that of the length
            c = uint32(c + (value << uint32(8 * (place - 7))))
    return _finish(a, b, c)


@compiled
def hash_texts(offsets: Array, data: Array) -> Array:
    """Return the hash of each text."""
    hashes = np.empty(len(offsets) - 1, np.uint64)
    for i in range(len(hashes)):
        hashes[i] = hash_text(data, offsets[i], offsets[i + 1], uint64(0))
    return hashes


@compiled
def hash_ints(values: Array) -> Array:
    """Return the hash of each integer of at most 32 bits."""
    hashes = np.empty(len(values), np.uint64)
    for i in range(len(values)):
        hashes[i] = hash_int(values[i])
    return hashes


@compiled
def place_rows(offsets: Array, data: Array, slices: int) -> Array:
    """Return into which of `slices` hash partitions by key each row belongs."""
    places = np.empty(len(offsets) - 1, np.int64)
    for i in range(len(places)):
        hashed = hash_text(data, offsets[i], offsets[i + 1], PARTITION_SEED) + PARTITION_ADDEND
        places[i] = hashed % uint64(slices)
    return places


@compiled
def _hash_row(kind: Array, keys: tuple[Array, Array], scopes: tuple[Array, Array], row: int, seed: Any) -> Any:
    seed = hash_text(scopes[1], scopes[0][row], scopes[0][row + 1], seed)
    seed = hash_text(keys[1], keys[0][row], keys[0][row + 1], seed)
    return hash_text(kind, 0, len(kind), seed) if len(kind) else seed


@compiled
def digest_rows(
    kind: Array,
    keys: tuple[Array, Array],
    scopes: tuple[Array, Array],
    lists: Array,
    members: tuple[Array, Array, Array],
    scores: Array,
    reasons: Array,
    reason_items: tuple[Array, Array, Array],
    reason_hashes: Array,
    figures: Array,
    used: Array,
) -> Any:
    """Return two sums modulo 2^64 of the digests of all rows, for two ways to name the items.

    `include.serving.load.checksum` says what a row's digest is. The arrays that all kinds have are read in one pass:
    their sums do not wait for each other.

    Parameters
    ----------
    kind
        Its name as uint8, nothing for the users' own lists.
    keys, scopes
        Offsets and data of the texts.
    lists
        Offsets of the lists in `members`, `scores`, `reasons`, `reason_items` and each row of `figures`.
    members, reason_items
        Codes, and in both ways the hash of what each code stands for. The last hash is that of NOTHING, no item.
    scores, figures
        Finite numbers, float32.
    reasons, reason_hashes
        Reason codes, and the hash of each.
    used
        Set to True at the codes of the members of the lists.
    """
    one = two = uint64(0)
    step, start = uint64(31), uint64(ARRAY_START)
    codes, first_hashes, second_hashes = members
    reason_codes, first_reasons, second_reasons = reason_items
    for row in range(len(lists) - 1):
        ids = stored = numbers = kinds = reason_ids = reason_keys = start
        for i in range(lists[row], lists[row + 1]):
            code = codes[i]
            used[code] = True
            ids = ids * step + first_hashes[code]
            stored = stored * step + second_hashes[code]
            numbers = numbers * step + hash_double(np.float64(scores[i]).view(np.uint64))
            kinds = kinds * step + reason_hashes[reasons[i]]
            other = reason_codes[i]
            reason_ids = reason_ids * step + first_reasons[other]
            reason_keys = reason_keys * step + second_reasons[other]
        middle = (numbers * step + kinds) * step
        weight = step * step * step
        first, second = ids * weight + middle + reason_ids, stored * weight + middle + reason_keys
        for figure in range(len(figures)):
            numbers = start
            for i in range(lists[row], lists[row + 1]):
                numbers = numbers * step + hash_double(np.float64(figures[figure, i]).view(np.uint64))
            first, second = first * step + numbers, second * step + numbers
        one += _hash_row(kind, keys, scopes, row, first)
        two += _hash_row(kind, keys, scopes, row, second)
    return one, two
