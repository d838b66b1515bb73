"""Lists under rules: exact, whatever the rules leave out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from include.model.factors import Factors
from include.ranking.kernel import UNDECIDED, PackedItems, TopN, list_lengths, merge, pack_items, rerank, top_n
from include.ranking.rules import Profile, Rules
from include.types import NOTHING, Bools, Codes, Floats, Integers, Longs, Positions, Strings

SURPLUS = 3  # times N: enough for all that rules may skip, see `_by_group`
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
    user_names: Strings | None = None,
    threads: int = 1,
) -> Composed:
    """Return each user's list under the rules, which docs/ranking.md defines.

    Parameters
    ----------
    users, exclude, user_names, threads
        See `top_n`.
    items
        Factors; to make lists of one profile again, pack them once with `pack_profile`.
    profile
        Of the segment of all these users.

    Raises
    ------
    ValidationError
        As `top_n` does.
    """
    packs = items if isinstance(items, Packs) else pack_profile(items, rules, profile)
    n, may_pass_over = rules.top_n, bool(rules.cap) or rules.min_new > 0
    fetched = FIRST_SURPLUS * n if may_pass_over else n
    first = top_n(users, packs.ranked, fetched, exclude=exclude, user_names=user_names, threads=threads)
    if not may_pass_over and not len(profile.pinned):
        return Composed(*first, np.zeros(len(users.biases), dtype=np.int32))
    new = TopN.empty(len(users.biases), 0)
    if packs.new is not None:
        new = top_n(users, packs.new, FIRST_SURPLUS * rules.min_new, exclude=exclude, threads=threads)
    factors, ranked = packs.ranked.factors, profile.ranked
    pinned = _pinned(users, factors, profile, exclude)
    lists, outcome = _rerank(pinned, first, fetched < packs.ranked.count, new, rules)
    again = np.flatnonzero(outcome == UNDECIDED)
    if len(again):
        own = None if exclude is None else exclude[again]
        found = _by_group(take(users, again), factors, rules, ranked, own)
        some = TopN(pinned.items[again], pinned.scores[again])
        nothing = TopN.empty(len(again), 0)
        for whole, part in zip(lists, _rerank(some, found, False, nothing, rules)[0], strict=True):
            whole[again] = part
    return lists


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


def _pinned(users: Factors, items: Factors, profile: Profile, exclude: sparse.csr_matrix | None) -> TopN:
    """Return the pinned items that each user may have, in their order."""
    chosen = profile.pinned[profile.allowed[profile.pinned]]
    shape = (len(users.biases), len(chosen))
    scores = users.vectors @ items.vectors[chosen].T + items.biases[chosen] + users.biases[:, None]
    there: Bools = np.ones(shape, dtype=bool)
    if exclude is not None and len(chosen):
        left_out = sparse.csr_matrix((np.ones(exclude.nnz, bool), exclude.indices, exclude.indptr), exclude.shape)
        there = ~left_out[:, chosen].toarray()
    return TopN(np.where(there, chosen, np.int32(NOTHING)), scores.astype(np.float32).reshape(shape))


def _by_group(users: Factors, items: Factors, rules: Rules, ranked: Bools, exclude: sparse.csr_matrix | None) -> TopN:
    """Return, best first, all that reranking could take, however uneven the categories are.

    Of new and of other items apart, the best `cap` of each category, and of those the best 3 N: reranking takes at
    most N, and skips at most one for each pinned item and each item of the other kind that it took.
    """
    n = SURPLUS * rules.top_n
    groups = np.unique(rules.categories[ranked]) if rules.cap else np.array([NOTHING])
    parts = []
    for kind in (ranked & rules.is_new, ranked & ~rules.is_new):
        best = TopN.empty(len(users.biases), 0)
        for group in groups:
            limit = min(rules.cap, n) if rules.cap and group != NOTHING else n
            chosen = kind & (rules.categories == group) if rules.cap else kind
            if chosen.any():
                best = merge(best, top_n(users, items, limit, exclude=exclude, allowed=chosen), n)
        parts.append(best)
    return merge(parts[0], parts[1], 2 * n)
