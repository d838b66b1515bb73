"""The checksum of a batch: the same from the lake's Parquet and from PostgreSQL, in any row order.

A row's digest is what PostgreSQL calls `hashtextextended(key, hashtextextended(scope, hash_record_extended(ROW(members,
scores, reasons, reason_items, figures ...), 0)))`, and of all kinds but the users' own lists `hashtextextended(kind,
that)`; the checksum is the sum of all rows' digests modulo 2^64, as 16 hex digits. There are two of them: over item
ids, that of the content, which a batch's manifest states; and over the keys that PostgreSQL has given to the items,
which it computes itself in seconds. They guard against accidents, not attacks.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from include.list_kinds import LIST_KINDS, RECOMMENDATIONS, ListKind
from include.serving.load.hashing import Array, digest_rows, hash_ints, hash_texts
from include.serving.load.lists import Coded, ListArrays, read_lists, texts

if TYPE_CHECKING:
    import pyarrow as pa

MODULUS = 1 << 64
ROWS = 4096
NO_ITEM = 0


def combine(digests: Iterable[int]) -> str:
    """Return the checksum of a batch from the sums of its parts' digests."""
    return f"{sum(digests) % MODULUS:016x}"


def table_digest(table: pa.Table, kind: ListKind = LIST_KINDS[RECOMMENDATIONS]) -> int:
    """Return the sum of the digests of some rows of a batch's lists of `kind`; see `combine`.

    Parameters
    ----------
    table
        The columns of `kind.schema`.

    Raises
    ------
    ValidationError
        When a score is not a number, or a list is null.
    """
    total = 0
    for batch in table.to_batches(max_chunksize=ROWS):
        lists = read_lists(batch, kind)
        members, reason_items = _hash_names(lists.members), _hash_names(lists.reason_items)
        total += _digest(lists, (members, members), (reason_items, reason_items)).content
    return total


class Digests(NamedTuple):
    """Sums of digests over item ids, and over item keys as PostgreSQL stores them; what the lists hold.

    `used` is True at each code of `ListArrays.members` that occurs.
    """

    content: int
    stored: int
    used: Array


def digests(lists: ListArrays, keys: Array | None, reason_keys: Array) -> Digests:
    """Return both sums, in one pass.

    Parameters
    ----------
    keys, reason_keys
        The item key, int32, of each name of `lists.members` and `lists.reason_items`; None where the members are users,
        whom PostgreSQL stores by name.
    """
    names = _hash_names(lists.members)
    members = names, names if keys is None else _hash_keys(keys)
    return _digest(lists, members, (_hash_names(lists.reason_items), _hash_keys(reason_keys)))


def _digest(lists: ListArrays, members: tuple[Array, Array], reason_items: tuple[Array, Array]) -> Digests:
    used = np.zeros(len(members[0]), bool)
    kind = np.frombuffer(lists.kind.digested_as.encode(), np.uint8)
    content, stored = digest_rows(
        kind, lists.keys, lists.scopes, lists.offsets, (lists.members.codes, *members), lists.scores,
        lists.reasons, (lists.reason_items.codes, *reason_items), _reason_hashes(), lists.figures, used,
    )  # fmt: skip
    return Digests(int(content), int(stored), used[:-1])


@cache
def _reason_hashes() -> Array:
    """Return the hashes of the codes from 0 to 127, all that int8 has above NOTHING."""
    return hash_ints(np.arange(128, dtype=np.int32))


def _hash_names(coded: Coded) -> Array:
    """Return the hash of each name, and 0, that of null."""
    return np.append(hash_texts(*texts(coded.names)), np.uint64(0))


def _hash_keys(keys: Array) -> Array:
    """Return the hash of each key, and that of no item."""
    return hash_ints(np.append(keys, np.int32(NO_ITEM)))
