"""Lists under rules: exact, whatever the rules leave out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from include.model.factors import Factors
from include.ranking.kernel import (
    UNDECIDED,
    PackedItems,
    TopN,
    best_of_groups,
    group_items,
    list_lengths,
    merge,
    pack_items,
    rerank,
    top_n,
)
from include.ranking.rules import Profile, Rules
from include.types import NOTHING, Bools, Codes, Floats, Integers, Longs, Positions, Strings

SURPLUS = 3  # times N: enough for all that rules may skip, see `by_group`
FIRST_SURPLUS = 3  # times N are ranked first; users who need more are ranked by group


class Packs(NamedTuple):
    """What a profile ranks, see `pack_profile`; `new` is None where no places are reserved."""

    ranked: PackedItems
    new: PackedItems | None


class Composed(NamedTuple):
    """Lists in rank order.

    Attributes
    ----------
    items, scores
        See `TopN`; pinned items first, whatever their scores.
    pinned
        (n_users,) int32 number of pinned items at the head.
    """

    items: Integers
    scores: Floats
    pinned: Integers

    @property
    def lengths(self) -> Longs:
        """Return the length of each list."""
        return list_lengths(self.items)


def compose_lists(
    users: Factors,
    items: Factors | Packs,
    rules: Rules,
    profile: Profile,
    *,
    exclude: sparse.csr_matrix | None = None,
    own: sparse.csr_matrix | None = None,
    user_names: Strings | None = None,
    threads: int = 1,
    first: TopN | None = None,
) -> Composed:
    """Return each user's list under the rules, which docs/ranking.md defines.

    Parameters
    ----------
    users, exclude, own, user_names, threads
        See `top_n`.
    items
        Factors; to make lists of one profile again, pack them once with `pack_profile`.
    profile
        Of the segment of all these users.
    first
        The ranking of the profile's items, if the caller has it, at least as wide as `width_of`.

    Raises
    ------
    ValidationError
        As `top_n` does.
    """
    packs = items if isinstance(items, Packs) else pack_profile(items, rules, profile)
    fetched = width_of(rules)
    if first is None:
        first = top_n(users, packs.ranked, fetched, exclude=exclude, own=own, user_names=user_names, threads=threads)
    first = TopN(first.items[:, :fetched], first.scores[:, :fetched])
    if not _may_pass_over(rules) and not len(profile.pinned):
        return Composed(*first, np.zeros(len(users.biases), dtype=np.int32))
    new = TopN.empty(len(users.biases), 0)
    if packs.new is not None:
        new = top_n(users, packs.new, FIRST_SURPLUS * rules.min_new, exclude=exclude, own=own, threads=threads)
    factors, ranked = packs.ranked.factors, profile.ranked
    pinned = pinned_items(users, factors, profile, exclude, own)
    lists, outcome = _rerank(pinned, first, fetched < packs.ranked.count, new, rules)
    again = np.flatnonzero(outcome == UNDECIDED)
    if len(again):
        theirs = (None if matrix is None else matrix[again] for matrix in (exclude, own))
        found = by_group(take(users, again), factors, rules, ranked, *theirs)
        some = TopN(pinned.items[again], pinned.scores[again])
        nothing = TopN.empty(len(again), 0)
        for whole, part in zip(lists, _rerank(some, found, False, nothing, rules)[0], strict=True):
            whole[again] = part
    return lists


def width_of(rules: Rules) -> int:
    """Return how many items are ranked first: more than N where caps may pass over some."""
    return FIRST_SURPLUS * rules.top_n if _may_pass_over(rules) else rules.top_n


def _may_pass_over(rules: Rules) -> bool:
    return bool(rules.cap) or rules.min_new > 0


def pack_profile(items: Factors, rules: Rules, profile: Profile, names: Strings | None = None) -> Packs:
    """Return the items of a profile as the kernel reads them: all that are ranked, and the new ones."""
    new = pack_items(items, profile.ranked & rules.is_new, names) if rules.min_new else None
    return Packs(pack_items(items, profile.ranked, names), new)


def take(factors: Factors, rows: Positions) -> Factors:
    """Return the factors of some rows."""
    return Factors(factors.vectors[rows], factors.biases[rows], factors.known[rows])


def _rerank(pinned: TopN, first: TopN, more: bool, new: TopN, rules: Rules) -> tuple[Composed, Codes]:
    lists, ahead, outcome = rerank(
        pinned, first, more, new, rules.categories, rules.is_new, rules.top_n, rules.cap, rules.min_new
    )
    return Composed(*lists, ahead), outcome


def pinned_items(
    users: Factors,
    items: Factors,
    profile: Profile,
    exclude: sparse.csr_matrix | None,
    own: sparse.csr_matrix | None,
) -> TopN:
    """Return the pinned items that each user may have, in their order."""
    chosen = profile.pinned[profile.allowed[profile.pinned]]
    shape = (len(users.biases), len(chosen))
    scores = users.vectors @ items.vectors[chosen].T + items.biases[chosen] + users.biases[:, None]
    if own is not None and len(chosen):
        scores = scores + own[:, chosen].toarray()
    there: Bools = np.ones(shape, dtype=bool)
    if exclude is not None and len(chosen):
        left_out = sparse.csr_matrix((np.ones(exclude.nnz, bool), exclude.indices, exclude.indptr), exclude.shape)
        there = ~left_out[:, chosen].toarray()
    return TopN(np.where(there, chosen, np.int32(NOTHING)), scores.astype(np.float32).reshape(shape))


def by_group(
    users: Factors,
    items: Factors,
    rules: Rules,
    ranked: Bools,
    exclude: sparse.csr_matrix | None,
    own: sparse.csr_matrix | None,
    favourites: Integers | None = None,
) -> TopN:
    """Return, best first, all that reranking could take, however uneven the categories are.

    Of new and of other items apart, the best `cap` of each category, and of those the best 3 N: reranking takes at
    most N, and skips at most one for each pinned item and each item of the other kind that it took.

    Parameters
    ----------
    favourites
        (n_users, k) the only categories that a user gets, -1 for none; None: any.
    """
    n = SURPLUS * rules.top_n
    best = TopN.empty(len(users.biases), 0)
    for kind in (ranked & rules.is_new, ranked & ~rules.is_new):
        if kind.any():
            best = merge(best, _best_of_kind(users, items, rules, kind, n, exclude, own, favourites), 2 * n)
    return best


def _best_of_kind(
    users: Factors,
    items: Factors,
    rules: Rules,
    kind: Bools,
    n: int,
    exclude: sparse.csr_matrix | None,
    own: sparse.csr_matrix | None,
    favourites: Integers | None,
) -> TopN:
    if favourites is None and not rules.cap:
        return top_n(users, items, n, exclude=exclude, own=own, allowed=kind)
    groups = group_items(rules.categories, kind)
    limits = np.full(groups.count, min(rules.cap, n) if rules.cap else n, np.int32)
    limits[-1] = n  # of unknown categories there may be any number
    wanted = np.arange(groups.count, dtype=np.int32)[None] if favourites is None else favourites
    return best_of_groups(users, items, groups, wanted, limits, n, exclude=exclude, own=own)
