"""Lists as Arrow rows, one a list: what a batch's Parquet files hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from include.list_kinds import LIST_KINDS, RECOMMENDATIONS, ListKind
from include.ranking.catalogue import Catalogue, UserSlice
from include.ranking.lists import ExplainedLists
from include.types import NOTHING, Floats, Integers, Strings

SCHEMA = LIST_KINDS[RECOMMENDATIONS].schema


def record_batch(catalogue: Catalogue, users: UserSlice, lists: ExplainedLists) -> pa.RecordBatch:
    """Return the users' own lists, one row a user, see `SCHEMA`."""
    return list_rows(LIST_KINDS[RECOMMENDATIONS], users.user_ids, users.segments, lists, catalogue.names)


def list_rows(
    kind: ListKind,
    keys: Strings,
    scopes: Strings | str,
    lists: ExplainedLists,
    items: pa.Array,
    *,
    members: pa.Array | None = None,
    figures: Sequence[Floats] = (),
) -> pa.RecordBatch:
    """Return one row a list, see `ListKind.schema`.

    Identifiers are taken from a dictionary of those that occur, once each, which is also how they
    are in the Parquet file.

    Parameters
    ----------
    keys, scopes
        (n_lists,) text; one scope may stand for all.
    lists
        Positions in `members` and, of reasons, in `items`.
    items, members
        Identifiers; the members are items where they are left out.
    figures
        (n_lists, n) each, as `kind` names them.
    """
    there = lists.items != NOTHING
    offsets = np.zeros(len(there) + 1, dtype=np.int32)
    np.cumsum(there.sum(axis=1), out=offsets[1:])
    chosen = slice(None) if there.all() else there  # which spares a copy
    arrays = [
        _identifiers(items if members is None else members, lists.items[chosen].ravel()),
        pa.array(lists.scores[chosen].ravel(), pa.float32()),
        pa.array(lists.codes[chosen].ravel()),
        _identifiers(items, lists.sources[chosen].ravel()),
        *(pa.array(figure[chosen].ravel(), pa.float32()) for figure in figures),
    ]
    named = [scopes] * len(keys) if isinstance(scopes, str) else scopes.tolist()
    columns = [pa.array(keys.tolist(), pa.string()), pa.array(named, pa.string())]
    fields = [kind.schema.field(kind.key), kind.schema.field(kind.scope)]
    for name, values in zip(kind.lists, arrays, strict=True):
        stated = kind.schema.field(name)
        element = stated.type.value_field.with_type(values.type)
        fields.append(stated.with_type(pa.list_(element)))
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
