"""Everyone's shelf: the list, the reasons and what kept a list short, for some users at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from scipy import sparse

from include import columns as c
from include.columns import EVERYBODY
from include.features.training_set import SegmentPopularity
from include.model.factors import Factors
from include.ranking.compose import Composed, Packs, compose_lists, pack_profile, take
from include.ranking.popular import as_factors, list_segment, segment_scores
from include.ranking.reasons import Reasons, explain
from include.ranking.rules import Rules, places
from include.types import NOTHING, Bools, Codes, Floats, Indices, Integers, Positions, Strings

MOST_PACKS = 4
"""Each is a copy of the item vectors."""
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


@dataclass(frozen=True)
class Catalogue:
    """What is the same for every user.

    Attributes
    ----------
    item_ids
        (n_items,) text.
    items
        Item factors, prior and boost included.
    rules
        What lists may and must hold.
    popularity
        Recent buyers by segment, "everybody" among them.
    n_popular
        So many of a segment's best sellers count as popular.
    """

    item_ids: Strings
    items: Factors
    rules: Rules
    popularity: Mapping[str, SegmentPopularity]
    n_popular: int
    _packs: dict[str, Packs] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def names(self) -> pa.Array:
        """Return the items' ids as Arrow has them."""
        return pa.array(self.item_ids.tolist(), pa.string())

    @cached_property
    def lengths(self) -> Floats:
        """Return the length of each item's vector."""
        lengths: Floats = np.linalg.norm(self.items.vectors, axis=1).astype(np.float32)
        return lengths

    def packs(self, segment: str) -> Packs:
        """Return the items as a segment's profile ranks them, packed once; the last few stay."""
        if segment not in self._packs:
            while len(self._packs) >= MOST_PACKS:
                self._packs.pop(next(iter(self._packs)))
            self._packs[segment] = pack_profile(self.items, self.rules, self.rules.profile(segment), self.item_ids)
        return self._packs[segment]

    def __getstate__(self) -> dict[str, object]:
        """Travel to the workers without what they make themselves."""
        made = ("names", "lengths")
        return {name: value for name, value in self.__dict__.items() if name not in made} | {"_packs": {}}


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
        (n_users, n_items) CSR of weights: what reasons may refer to.
    """

    user_ids: Strings
    segments: Strings
    users: Factors
    seen: sparse.csr_matrix | None
    history: sparse.csr_matrix

    def rows(self, rows: Positions | slice) -> Shoppers:
        """Return some of these users, in their order."""
        if not isinstance(rows, slice) and len(rows) == len(self.user_ids):
            return self
        positions = np.arange(len(self.user_ids))[rows]
        return Shoppers(
            user_ids=self.user_ids[positions],
            segments=self.segments[positions],
            users=take(self.users, positions),
            seen=None if self.seen is None else self.seen[positions],
            history=self.history[positions],
        )


class Shelves(NamedTuple):
    """Lists with their reasons, as positions: (n_users, n) each, see `TopN` and `Reasons`."""

    items: Integers
    scores: Floats
    codes: Codes
    sources: Integers


def shelves(catalogue: Catalogue, shoppers: Shoppers, threads: int = 1) -> Shelves:
    """Return the users' lists in their order, made on so many threads.

    Raises
    ------
    ValidationError
        When a factor or a score is not a finite number, by name.
    """
    shape = (len(shoppers.user_ids), catalogue.rules.top_n)
    whole: Shelves | None = None
    for rows, profile_segment, list_of in _alike(catalogue, shoppers):
        part = shoppers.rows(rows)
        found = _lists(catalogue, part, profile_segment, list_of, threads)
        reasons = _reasons(catalogue, part, found, personal=list_of is None)
        if len(rows) == shape[0]:
            return Shelves(found.items, found.scores, *reasons)
        whole = whole or _empty(shape)
        whole.items[rows], whole.scores[rows] = found.items, found.scores
        whole.codes[rows], whole.sources[rows] = reasons
    return whole or _empty(shape)


def _empty(shape: tuple[int, int]) -> Shelves:
    return Shelves(
        np.full(shape, NOTHING, dtype=np.int32),
        np.full(shape, -np.inf, dtype=np.float32),
        np.zeros(shape, dtype=np.int8),
        np.full(shape, NOTHING, dtype=np.int32),
    )


def popular_table(catalogue: Catalogue, length: int) -> pa.Table:
    """Return the popular items of each segment, under its rules: segment, rank from 1, item_id, score.

    Segments with rules of their own have a list even if too little is known of them.
    """
    rules = catalogue.rules
    share = rules.min_new / rules.top_n
    alone = replace(catalogue, _packs={}, rules=replace(rules, top_n=length, min_new=places(share, length)))
    tables = []
    for segment in sorted({*catalogue.popularity, *rules.profiles}):
        found = _popular(alone, segment, list_segment(segment, catalogue.popularity), 1, None)
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


def record_batch(catalogue: Catalogue, shoppers: Shoppers, lists: Shelves) -> pa.RecordBatch:
    """Return one row a user, see `SCHEMA`.

    Identifiers are taken from a dictionary of those that occur, once each, which is also how they
    lie in the Parquet file.
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
    columns = [pa.array(shoppers.user_ids.tolist(), pa.string()), pa.array(shoppers.segments.tolist(), pa.string())]
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


def _alike(catalogue: Catalogue, shoppers: Shoppers) -> Iterator[tuple[Indices, str, str | None]]:
    """Yield users for whom the same rules hold, the segment of the rules, and that of the popular items.

    Those whom the model knows have lists of their own: None.
    """
    names, numbers = np.unique(shoppers.segments, return_inverse=True)
    known = shoppers.users.known
    of_rules = [str(name) if name in catalogue.rules.profiles else "" for name in names]
    of_lists = [list_segment(str(name), catalogue.popularity) for name in names]
    for rules in sorted(set(of_rules)):
        under = np.array([own == rules for own in of_rules])[numbers]
        if (under & known).any():
            yield np.flatnonzero(under & known), rules, None
        for segment in sorted(set(of_lists)):
            rows = np.flatnonzero(under & ~known & np.array([own == segment for own in of_lists])[numbers])
            if len(rows):
                yield rows, rules, segment


def _lists(
    catalogue: Catalogue, shoppers: Shoppers, profile_segment: str, list_of: str | None, threads: int
) -> Composed:
    if list_of is not None:
        return _popular(catalogue, profile_segment, list_of, len(shoppers.user_ids), shoppers.seen)
    return compose_lists(
        shoppers.users,
        catalogue.packs(profile_segment),
        catalogue.rules,
        catalogue.rules.profile(profile_segment),
        exclude=shoppers.seen,
        user_names=shoppers.user_ids,
        threads=threads,
    )


def _popular(
    catalogue: Catalogue, profile_segment: str, segment: str, n_users: int, seen: sparse.csr_matrix | None
) -> Composed:
    users, items = as_factors(segment_scores(segment, catalogue.popularity, len(catalogue.item_ids)), n_users)
    return compose_lists(users, items, catalogue.rules, catalogue.rules.profile(profile_segment), exclude=seen)


def _reasons(catalogue: Catalogue, shoppers: Shoppers, found: Composed, *, personal: bool) -> Reasons:
    whole: Reasons | None = None
    popular = _best_sellers(catalogue, EVERYBODY)
    names, numbers = np.unique(shoppers.segments, return_inverse=True)
    own = [str(name) if name != EVERYBODY and name in catalogue.popularity else None for name in names]
    for segment in sorted(set(own), key=str):
        rows = np.flatnonzero(np.array([name == segment for name in own])[numbers])
        alone = len(rows) == len(numbers)
        reasons = explain(
            found.items if alone else found.items[rows],
            found.pinned if alone else found.pinned[rows],
            shoppers.history if alone else shoppers.history[rows],
            personal=personal,
            vectors=catalogue.items.vectors,
            lengths=catalogue.lengths,
            categories=catalogue.rules.categories,
            is_new=catalogue.rules.is_new,
            popular=popular,
            popular_here=None if segment is None else _best_sellers(catalogue, segment),
        )
        if alone:
            return reasons
        whole = whole or Reasons(*(np.zeros(found.items.shape, dtype=part.dtype) for part in reasons))
        whole.codes[rows], whole.items[rows] = reasons
    return whole or Reasons(np.zeros(found.items.shape, np.int8), np.zeros(found.items.shape, np.int32))


def _best_sellers(catalogue: Catalogue, segment: str) -> Bools:
    counts = catalogue.popularity[segment]
    order = np.argsort(-counts.all, kind="stable")[: catalogue.n_popular]
    best = np.zeros(len(catalogue.item_ids), dtype=bool)
    best[counts.items[order[counts.all[order] > 0]]] = True
    return best
