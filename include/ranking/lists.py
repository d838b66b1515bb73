"""Everybody's lists with their reasons, for some users at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from scipy import sparse

from include import columns as c
from include.columns import EVERYBODY
from include.features.snapshot import SegmentPopularity
from include.model.factors import Factors
from include.placement_policy import HOME, POPULAR
from include.ranking.catalogue import Catalogue, UserSlice
from include.ranking.compose import Composed, compose_lists, width_of
from include.ranking.kernel import top_n
from include.ranking.placements import SURPLUS, Asked, Placement, favourite_categories, fill, place
from include.ranking.reasons import Placed, Reason, explain, sources_of
from include.ranking.rules import places
from include.types import NOTHING, Bools, Codes, Floats, Indices, Integers


class ExplainedLists(NamedTuple):
    """Lists with their reasons, as positions: (n_users, n) each, see `TopN` and `Reasons`."""

    items: Integers
    scores: Floats
    codes: Codes
    sources: Integers


def make_lists(catalogue: Catalogue, users: UserSlice, threads: int = 1) -> ExplainedLists:
    """Return the users' lists for home in their order, made on so many threads.

    Raises
    ------
    ValidationError
        When a factor or a score is not a finite number, by name.
    """
    return make_all_lists(replace(catalogue, placements=()), users, threads)[HOME]


def make_all_lists(catalogue: Catalogue, users: UserSlice, threads: int = 1) -> dict[str, ExplainedLists]:
    """Return the users' lists for home, which come first, and for each placement; see `make_lists`."""
    n_users, popular = len(users.user_ids), _best_sellers(catalogue, EVERYBODY)
    whole = {
        name: ExplainedLists(
            np.full((n_users, n), NOTHING, dtype=np.int32),
            np.full((n_users, n), -np.inf, dtype=np.float32),
            np.zeros((n_users, n), dtype=np.int8),
            np.full((n_users, n), NOTHING, dtype=np.int32),
        )
        for name, n in (
            (HOME, catalogue.rules.top_n),
            *((each.name, each.rules.top_n) for each in catalogue.placements),
        )
    }
    for rows, profile, segment, personal in _alike(catalogue, users):
        part = users.rows(rows)
        made = (
            _personal(catalogue, part, profile, segment, threads)
            if personal
            else _unknown(catalogue, part, profile, segment)
        )
        here = None if segment == EVERYBODY else _best_sellers(catalogue, segment)
        together = np.hstack([found.items for found in made.values()])
        sources = sources_of(together, part.history, personal, catalogue.items.vectors, catalogue.lengths)
        ends = np.cumsum([found.items.shape[1] for found in made.values()])
        for (name, found), theirs in zip(made.items(), np.split(sources, ends[:-1], axis=1), strict=True):
            placed = Placed(
                lists=found.items,
                pinned=found.pinned,
                history=part.history,
                personal=personal,
                sources=theirs,
                categories=catalogue.rules.categories,
                is_new=catalogue.rules.is_new,
                popular=popular,
                popular_here=here,
                own=part.own,
            )
            lists = whole[name]
            lists.items[rows], lists.scores[rows] = found.items, found.scores
            lists.codes[rows], lists.sources[rows] = explain(placed)
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


def popular_at(catalogue: Catalogue, placement: Placement, segment: str) -> ExplainedLists:
    """Return one list: what a placement offers to somebody unknown of a segment."""
    own = replace(catalogue, _packs={}, rules=placement.rules)
    here = list_segment(segment, catalogue.popularity)
    found = _popular(own, segment, here, 1, None)
    code = Reason.POPULAR if here == EVERYBODY else Reason.POPULAR_IN_SEGMENT
    codes = np.where(found.items != NOTHING, np.int8(code), np.int8(0))
    return ExplainedLists(found.items, found.scores, codes, np.full(codes.shape, NOTHING, dtype=np.int32))


def _alike(catalogue: Catalogue, users: UserSlice) -> Iterator[tuple[Indices, str, str, bool]]:
    """Yield users whose lists are made alike: their rows, the segments of their rules and of their popular items.

    The last value tells whether the model knows them. The segment of the common rules is "".
    """
    names, numbers = np.unique(users.segments, return_inverse=True)
    own_rules = {
        name for rules in (catalogue.rules, *(p.rules for p in catalogue.placements)) for name in rules.profiles
    }
    keys = [(str(name) if name in own_rules else "", list_segment(str(name), catalogue.popularity)) for name in names]
    for key in sorted(set(keys)):
        alike = np.array([own == key for own in keys])[numbers]
        for personal in (True, False):
            rows = np.flatnonzero(alike & (users.factors.known == personal))
            if len(rows):
                yield rows, *key, personal


def _personal(catalogue: Catalogue, users: UserSlice, profile: str, segment: str, threads: int) -> dict[str, Composed]:
    """Return the lists for home and for each placement, all from one ranking of the catalogue."""
    rules, packs = catalogue.rules, catalogue.packs(profile)
    width = max(width_of(rules), *(SURPLUS * each.rules.top_n for each in catalogue.placements), 0)
    rank = partial(top_n, users.factors, packs.ranked, width, own=users.own, user_names=users.user_ids, threads=threads)
    first = rank(exclude=users.seen)
    home = compose_lists(
        users.factors, packs, rules, rules.profile(profile), exclude=users.seen, own=users.own, threads=threads,
        first=first,
    )  # fmt: skip
    made = {HOME: home}
    for placement in catalogue.placements:
        seen, ranked = users.seen_at.get(placement.name, users.seen), first
        if placement.name in users.seen_at:
            ranked = rank(exclude=seen)
        asked = Asked(
            users.factors,
            seen,
            users.own,
            favourite_categories(users.history, rules.categories, placement.favourites),
            ranked,
            rules.profile(profile).ranked,
        )
        made[placement.name] = found = place(placement, asked, catalogue.items, placement.rules.profile(profile))
        short = np.flatnonzero(found.lengths < placement.rules.top_n)
        if placement.fallback == HOME:
            fill(found, short, home.items[short], users.factors, catalogue.items)
        elif placement.fallback == POPULAR and len(short):
            own, exclude = replace(catalogue, rules=placement.rules), None if seen is None else seen[short]
            popular = _popular(own, profile, segment, len(short), exclude)
            fill(found, short, popular.items, users.factors, catalogue.items)
    return made


def _unknown(catalogue: Catalogue, users: UserSlice, profile: str, segment: str) -> dict[str, Composed]:
    """Return what is popular, for home and for each placement."""
    made = {HOME: _popular(catalogue, profile, segment, len(users.user_ids), users.seen)}
    for placement in catalogue.placements:
        own = replace(catalogue, rules=placement.rules)
        seen = users.seen_at.get(placement.name, users.seen)
        made[placement.name] = found = _popular(own, profile, segment, len(users.user_ids), seen)
        if placement.fallback == HOME:
            short = np.flatnonzero(found.lengths < placement.rules.top_n)
            fill(found, short, made[HOME].items[short], users.factors, catalogue.items)
    return made


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
    own = popularity[segment].dense(n_items)
    if segment == EVERYBODY:
        return own
    everybody = popularity[EVERYBODY].dense(n_items)
    scores: Floats = own + everybody / (1 + everybody.max(initial=0))
    return scores


def as_factors(scores: Floats, n_users: int) -> tuple[Factors, Factors]:
    """Return user and item factors of no dimension by which every user's score is the item's own."""
    nobody = np.zeros(n_users, dtype=np.float32)
    users = Factors(np.zeros((n_users, 0), dtype=np.float32), nobody, np.zeros(n_users, dtype=bool))
    items = Factors(np.zeros((len(scores), 0), dtype=np.float32), scores, np.ones(len(scores), dtype=bool))
    return users, items


def _best_sellers(catalogue: Catalogue, segment: str) -> Bools:
    counts = catalogue.popularity[segment]
    order = np.argsort(-counts.buyers, kind="stable")[: catalogue.n_popular]
    best = np.zeros(len(catalogue.item_ids), dtype=bool)
    best[counts.items[order[counts.buyers[order] > 0]]] = True
    return best
