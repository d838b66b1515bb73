"""Lists as flat rows, one an entry."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include import columns as c
from include.list_kinds import ListKind
from include.ranking.reasons import Reason

NAMES = {int(reason): reason.name.lower() for reason in Reason}
REASONS = pa.array([NAMES.get(code) for code in range(max(NAMES) + 1)])


def flat_rows(kind: ListKind, items: pa.Table) -> Callable[[pa.RecordBatch], pa.Table]:
    """Return what makes flat rows of some lists: key, scope where the kind has one, rank, the member, and the rest.

    Items come with title and category, called `item_category` where the lists are by category.

    Parameters
    ----------
    items
        item_id, title, category of the batch.
    """
    ids = items[c.ITEM_ID].combine_chunks()
    members, scores, reasons, sources, *figures = kind.lists
    category = "item_category" if c.CATEGORY in (kind.key, kind.scope) else c.CATEGORY

    def flatten(lists: pa.RecordBatch) -> pa.Table:
        lengths = pc.list_value_length(lists[members])
        parents = pc.list_parent_indices(lists[members])
        ends = np.cumsum(lengths.to_numpy(zero_copy_only=False))
        starts = np.concatenate([[0], ends[:-1]]).astype(np.int64)
        rank = np.arange(len(parents)) - starts[parents.to_numpy()] + 1
        member = pc.cast(lists[members].flatten(), pa.string())
        rows = {kind.key: lists[kind.key].take(parents)}
        if kind.scope != c.SCOPE:
            rows[kind.scope] = lists[kind.scope].take(parents)
        rows |= {c.RANK: pa.array(rank, pa.int32()), kind.member_name: member}
        if kind.member == "item":
            place = pc.index_in(member, value_set=ids)
            rows |= {c.TITLE: items[c.TITLE].take(place), category: items[c.CATEGORY].take(place)}
        rows |= {
            c.SCORE: lists[scores].flatten(),
            "reason": REASONS.take(pc.cast(lists[reasons].flatten(), pa.int32())),
            "reason_item_id": pc.cast(lists[sources].flatten(), pa.string()),
            **{name: lists[name].flatten() for name in figures},
        }
        return pa.table(rows)

    return flatten
