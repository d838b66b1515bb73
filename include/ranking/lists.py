"""Everybody's lists with their reasons, for some users at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from scipy import sparse

from include import columns as c
from include.columns import EVERYBODY
from include.features.training_set import SegmentPopularity
from include.model.factors import Factors
from include.ranking.catalogue import Catalogue, UserSlice
from include.ranking.compose import Composed, compose_lists
from include.ranking.reasons import Placed, explain
from include.ranking.rules import places
from include.types import NOTHING, Bools, Codes, Floats, Indices, Integers


class ExplainedLists(NamedTuple):
    """Lists with their reasons, as positions: (n_users, n) each, see `TopN` and `Reasons`."""

    items: Integers
    scores: Floats
    codes: Codes
    sources: Integers


def make_lists(catalogue: Catalogue, users: UserSlice, threads: int = 1) -> ExplainedLists:
    """Return the users' lists in their order, made on so many threads.

    Raises
    ------
    ValidationError
        When a factor or a score is not a finite number, by name.
    """
    shape = (len(users.user_ids), catalogue.rules.top_n)
    whole = ExplainedLists(
        np.full(shape, NOTHING, dtype=np.int32),
        np.full(shape, -np.inf, dtype=np.float32),
        np.zeros(shape, dtype=np.int8),
        np.full(shape, NOTHING, dtype=np.int32),
    )
    popular = _best_sellers(catalogue, EVERYBODY)
    for rows, profile, segment, personal in _alike(catalogue, users):
        part = users.rows(rows)
        if personal:
            found = _personal(catalogue, part, profile, threads)
        else:
            found = _popular(catalogue, profile, segment, len(rows), part.seen)
        placed = Placed(
            lists=found.items,
            pinned=found.pinned,
            history=part.history,
            personal=personal,
            vectors=catalogue.items.vectors,
            lengths=catalogue.lengths,
            categories=catalogue.rules.categories,
            is_new=catalogue.rules.is_new,
            popular=popular,
            popular_here=None if segment == EVERYBODY else _best_sellers(catalogue, segment),
        )
        whole.items[rows], whole.scores[rows] = found.items, found.scores
        whole.codes[rows], whole.sources[rows] = explain(placed)
    return whole


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


def _alike(catalogue: Catalogue, users: UserSlice) -> Iterator[tuple[Indices, str, str, bool]]:
    """Yield users whose lists are made alike: their rows, the segments of their rules and of their popular items.

    The last value tells whether the model knows them. The segment of the common rules is "".
    """
    names, numbers = np.unique(users.segments, return_inverse=True)
    keys = [
        (str(name) if name in catalogue.rules.profiles else "", list_segment(str(name), catalogue.popularity))
        for name in names
    ]
    for key in sorted(set(keys)):
        alike = np.array([own == key for own in keys])[numbers]
        for personal in (True, False):
            rows = np.flatnonzero(alike & (users.factors.known == personal))
            if len(rows):
                yield rows, *key, personal


def _personal(catalogue: Catalogue, users: UserSlice, profile: str, threads: int) -> Composed:
    return compose_lists(
        users.factors,
        catalogue.packs(profile),
        catalogue.rules,
        catalogue.rules.profile(profile),
        exclude=users.seen,
        user_names=users.user_ids,
        threads=threads,
    )


def _popular(
    catalogue: Catalogue, profile: str, segment: str, n_users: int, seen: sparse.csr_matrix | None
) -> Composed:
    users, items = as_factors(segment_scores(segment, catalogue.popularity, len(catalogue.item_ids)), n_users)
    return compose_lists(users, items, catalogue.rules, catalogue.rules.profile(profile), exclude=seen)


def list_segment(segment: str, popularity: Mapping[str, SegmentPopularity]) -> str:
    """Return the segment whose list serves `segment`: itself, or everybody when too little is known of it."""
    return segment if segment in popularity else EVERYBODY


def segment_scores(segment: str, popularity: Mapping[str, SegmentPopularity], n_items: int) -> Floats:
    """Return the segment's recent buyers of each item: (n_items,) float32.

    Between whole numbers stands everybody's popularity, as a share below 1: it orders items
    that equally many of the segment bought, or none.
    """
    own = _dense(popularity[segment], n_items)
    if segment == EVERYBODY:
        return own
    everybody = _dense(popularity[EVERYBODY], n_items)
    scores: Floats = own + everybody / (1 + everybody.max(initial=0))
    return scores


def as_factors(scores: Floats, n_users: int) -> tuple[Factors, Factors]:
    """Return user and item factors of no dimension by which every user's score is the item's own."""
    nobody = np.zeros(n_users, dtype=np.float32)
    users = Factors(np.zeros((n_users, 0), dtype=np.float32), nobody, np.zeros(n_users, dtype=bool))
    items = Factors(np.zeros((len(scores), 0), dtype=np.float32), scores, np.ones(len(scores), dtype=bool))
    return users, items


def _dense(counts: SegmentPopularity, n_items: int) -> Floats:
    scores = np.zeros(n_items, dtype=np.float32)
    scores[counts.items] = counts.all
    return scores


def _best_sellers(catalogue: Catalogue, segment: str) -> Bools:
    counts = catalogue.popularity[segment]
    order = np.argsort(-counts.all, kind="stable")[: catalogue.n_popular]
    best = np.zeros(len(catalogue.item_ids), dtype=bool)
    best[counts.items[order[counts.all[order] > 0]]] = True
    return best
