"""The lists of some users, with reasons, as the batch stores them: pure arrays in, Arrow out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import sparse

from include import columns as c
from include.model.factors import Factors
from include.ranking.caps import capped_top_n, take
from include.ranking.popular import Counts, as_factors, list_segment, segment_scores
from include.ranking.reasons import NOTHING, Reason, Reasons, explain
from include.ranking.topn import TopN

SCHEMA = pa.schema(
    [
        (c.USER_ID, pa.string()),
        (c.SEGMENT, pa.string()),
        (c.ITEM_IDS, pa.list_(pa.string())),
        (c.SCORES, pa.list_(pa.float32())),
        (c.REASON_CODES, pa.list_(pa.int8())),
        (c.REASON_ITEM_IDS, pa.list_(pa.string())),
    ]
)


@dataclass(frozen=True)
class Catalogue:
    """What is the same for every user.

    Attributes
    ----------
    item_ids
        (n_items,) text.
    items
        Item factors, the prior included.
    units
        (n_items, d) item vectors of length 1, for the reasons.
    allowed, is_new
        (n_items,) bool.
    categories
        (n_items,) int32 category numbers, -1 where it is unknown.
    popularity
        Recent buyers by segment, "everybody" among them.
    top_n, max_per_category
        See the ranking policy.
    """

    item_ids: npt.NDArray[np.str_]
    items: Factors
    units: npt.NDArray[np.float32]
    allowed: npt.NDArray[np.bool_]
    is_new: npt.NDArray[np.bool_]
    categories: npt.NDArray[np.int32]
    popularity: Mapping[str, Counts]
    top_n: int
    max_per_category: int


@dataclass(frozen=True)
class Shoppers:
    """Some users.

    Attributes
    ----------
    user_ids, segments
        (n_users,) text.
    users
        User factors; those that the model does not know get their segment's popular items.
    seen
        (n_users, n_items) CSR: left out of the lists. None: nothing is.
    history
        (n_users, n_items) CSR: what reasons may refer to.
    """

    user_ids: npt.NDArray[np.str_]
    segments: npt.NDArray[np.str_]
    users: Factors
    seen: sparse.csr_matrix | None
    history: sparse.csr_matrix

    def rows(self, rows: npt.NDArray[np.integer] | slice) -> Shoppers:
        """Return some of these users."""
        positions = np.arange(len(self.user_ids))[rows]
        return Shoppers(
            user_ids=self.user_ids[positions],
            segments=self.segments[positions],
            users=take(self.users, positions),
            seen=None if self.seen is None else self.seen[positions],
            history=self.history[positions],
        )


def shelves(catalogue: Catalogue, shoppers: Shoppers) -> pa.RecordBatch:
    """Return the users' lists in their order, see `SCHEMA`.

    Raises
    ------
    ValidationError
        When a factor or a score is not a finite number, by name.
    """
    n_users = len(shoppers.user_ids)
    shape = (n_users, catalogue.top_n)
    lists = TopN(np.full(shape, NOTHING, dtype=np.int32), np.full(shape, -np.inf, dtype=np.float32))
    codes = np.zeros(shape, dtype=np.int8)
    sources = np.full(shape, NOTHING, dtype=np.int32)
    for rows, (found, reasons) in _parts(catalogue, shoppers):
        lists.items[rows], lists.scores[rows] = found
        codes[rows], sources[rows] = reasons
    return _record_batch(catalogue, shoppers, lists, Reasons(codes, sources))


def popular_table(catalogue: Catalogue, length: int) -> pa.Table:
    """Return the popular items of each segment: segment, rank from 1, item_id, score."""
    alone = replace(catalogue, top_n=length)
    tables = []
    for segment in sorted(catalogue.popularity):
        found = _popular(alone, segment, 1, None)
        count = int(found.lengths[0])
        tables.append(
            pa.table(
                {
                    c.SEGMENT: pa.array([segment] * count, pa.string()),
                    c.RANK: pa.array(range(1, count + 1), pa.int32()),
                    c.ITEM_ID: pa.array(catalogue.item_ids[found.items[0, :count]].tolist(), pa.string()),
                    c.SCORE: pa.array(found.scores[0, :count], pa.float32()),
                }
            )
        )
    return pa.concat_tables(tables)


def _parts(catalogue: Catalogue, shoppers: Shoppers) -> list[tuple[npt.NDArray[np.intp], tuple[TopN, Reasons]]]:
    """Return the lists of those whom the model knows, then of the others by segment."""
    known = np.flatnonzero(shoppers.users.known)
    parts = [(known, _personal(catalogue, shoppers.rows(known)))] if len(known) else []
    names = np.array([list_segment(str(name), catalogue.popularity) for name in shoppers.segments], dtype=np.str_)
    for segment in np.unique(names[~shoppers.users.known]):
        rows = np.flatnonzero(~shoppers.users.known & (names == segment))
        seen = None if shoppers.seen is None else shoppers.seen[rows]
        found = _popular(catalogue, str(segment), len(rows), seen)
        codes = np.where(found.items == NOTHING, 0, Reason.POPULAR_IN_SEGMENT).astype(np.int8)
        parts.append((rows, (found, Reasons(codes, np.full_like(found.items, NOTHING)))))
    return parts


def _personal(catalogue: Catalogue, shoppers: Shoppers) -> tuple[TopN, Reasons]:
    found = capped_top_n(
        shoppers.users,
        catalogue.items,
        catalogue.top_n,
        groups=catalogue.categories,
        cap=catalogue.max_per_category,
        exclude=shoppers.seen,
        allowed=catalogue.allowed,
        user_names=shoppers.user_ids,
        item_names=catalogue.item_ids,
    )
    reasons = explain(
        found.items,
        shoppers.history,
        units=catalogue.units,
        categories=catalogue.categories,
        is_new=catalogue.is_new,
    )
    return found, reasons


def _popular(catalogue: Catalogue, segment: str, n_users: int, seen: sparse.csr_matrix | None) -> TopN:
    scores = segment_scores(segment, catalogue.popularity, len(catalogue.item_ids))
    users, items = as_factors(scores, n_users)
    return capped_top_n(
        users,
        items,
        catalogue.top_n,
        groups=catalogue.categories,
        cap=catalogue.max_per_category,
        exclude=seen,
        allowed=catalogue.allowed,
    )


def _record_batch(catalogue: Catalogue, shoppers: Shoppers, lists: TopN, reasons: Reasons) -> pa.RecordBatch:
    there = lists.items != NOTHING
    offsets = pa.array(np.concatenate([[0], np.cumsum(lists.lengths)]), pa.int32())
    ids = pa.array(catalogue.item_ids.tolist(), pa.string())
    sources = reasons.items[there]
    flat = {
        c.ITEM_IDS: ids.take(pa.array(lists.items[there])),
        c.SCORES: pa.array(lists.scores[there], pa.float32()),
        c.REASON_CODES: pa.array(reasons.codes[there], pa.int8()),
        c.REASON_ITEM_IDS: ids.take(pa.array(sources, mask=sources == NOTHING)),
    }
    columns = [pa.array(shoppers.user_ids.tolist(), pa.string()), pa.array(shoppers.segments.tolist(), pa.string())]
    columns += [pa.ListArray.from_arrays(offsets, values) for values in flat.values()]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)
