"""Which lists differ between two batches: other members, or another order. Scores differ every night."""

from __future__ import annotations

from hashlib import blake2b
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.serving.batch import KindLists
from include.types import Bools

Digests: TypeAlias = npt.NDArray[np.uint64]
SEPARATOR = "\x1f"  # a control character, which no identifier holds


class ExportedLists:
    """The lists of a batch, 16 bytes each.

    Parameters
    ----------
    lists
        All lists of one kind; empty ones count as none.
    """

    def __init__(self, lists: KindLists) -> None:
        parts = [_digests(lists, some) for some in lists.read()]
        keys = np.concatenate([keys for keys, _ in parts]) if parts else np.zeros(0, np.uint64)
        order = np.argsort(keys, kind="stable")
        self._keys = keys[order]
        self._members = np.concatenate([members for _, members in parts])[order] if parts else keys

    def differ(self, lists: KindLists, some: pa.RecordBatch) -> Bools:
        """Tell which of some lists this batch has not, or has otherwise."""
        keys, members = _digests(lists, some)
        place = self._place(keys)
        same: Bools = np.zeros(len(keys), dtype=bool)
        there = place < len(self._keys)
        same[there] = (self._keys[place[there]] == keys[there]) & (self._members[place[there]] == members[there])
        return ~same

    def lack(self, lists: KindLists, some: pa.RecordBatch) -> Bools:
        """Tell of which of some lists this batch has none."""
        keys, _ = _digests(lists, some)
        place = self._place(keys)
        there: Bools = place < len(self._keys)
        there[there] = self._keys[place[there]] == keys[there]
        return ~there

    def _place(self, keys: Digests) -> npt.NDArray[np.intp]:
        return np.searchsorted(self._keys, keys)


def filled(lists: KindLists, some: pa.RecordBatch) -> pa.RecordBatch:
    """Return those of some lists that hold something."""
    return some.filter(pc.greater(pc.list_value_length(some[lists.kind.lists[0]]), 0))


def _digests(lists: KindLists, some: pa.RecordBatch) -> tuple[Digests, Digests]:
    kind = lists.kind
    some = filled(lists, some)
    keys = pc.binary_join_element_wise(some[kind.key], some[kind.scope], SEPARATOR)
    members = some[kind.lists[0]]
    texts = pa.ListArray.from_arrays(members.offsets, pc.cast(members.values, pa.string()))
    joined = pc.binary_join(texts, SEPARATOR)
    return _hashed(keys), _hashed(joined)


def _hashed(texts: pa.Array) -> Digests:
    found = b"".join(blake2b(text.encode(), digest_size=8).digest() for text in texts.to_pylist())
    return np.frombuffer(found, np.uint64)
