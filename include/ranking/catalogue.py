"""What lists are made from: the catalogue and the users, by the training set, the model and the policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
from scipy import sparse

from include.features import Period, SegmentPopularity, TrainingSet
from include.model import Recommender
from include.model.factors import Factors
from include.policy import Policy, RankingPolicy
from include.ranking.compose import Packs, pack_profile, take
from include.ranking.kernel import check_finite
from include.ranking.placements import Placement, make_placements
from include.ranking.rules import Rules, first_days_seen, fresh_boost, make_rules
from include.types import Floats, Positions, Strings

MOST_PACKS = 4
"""Each is a copy of the item vectors."""


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
    placements
        Besides home.
    """

    item_ids: Strings
    items: Factors
    rules: Rules
    popularity: Mapping[str, SegmentPopularity]
    n_popular: int
    placements: tuple[Placement, ...] = ()
    _packs: dict[str, Packs] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def names(self) -> pa.Array:
        """The items' ids as Arrow has them."""
        return pa.array(self.item_ids.tolist(), pa.string())

    @cached_property
    def lengths(self) -> Floats:
        """The length of each item's vector."""
        lengths: Floats = np.linalg.norm(self.items.vectors, axis=1).astype(np.float32)
        return lengths

    def packs(self, segment: str) -> Packs:
        """Return the items as a segment's profile ranks them, packed once; the last few are kept."""
        if segment not in self._packs:
            while len(self._packs) >= MOST_PACKS:
                self._packs.pop(next(iter(self._packs)))
            self._packs[segment] = pack_profile(self.items, self.rules, self.rules.profile(segment), self.item_ids)
        return self._packs[segment]

    def __getstate__(self) -> dict[str, object]:
        """Travel to the workers without what they make themselves."""
        return {part.name: getattr(self, part.name) for part in fields(self)} | {"_packs": {}}


@dataclass(frozen=True)
class UserSlice:
    """Some users.

    Attributes
    ----------
    user_ids, segments
        (n_users,) text.
    factors
        Those that the model does not know get their segment's popular items.
    seen
        (n_users, n_items) CSR: left out of the lists. None: nothing is.
    history
        (n_users, n_items) CSR of weights: what reasons may refer to.
    own
        (n_users, n_items) float32 CSR: what the repurchase term adds to scores. None: nothing.
    seen_at
        What is left out instead of `seen`, by placement, where its rules differ from those of home.
    """

    user_ids: Strings
    segments: Strings
    factors: Factors
    seen: sparse.csr_matrix | None
    history: sparse.csr_matrix
    own: sparse.csr_matrix | None = None
    seen_at: Mapping[str, sparse.csr_matrix] = field(default_factory=dict)

    def rows(self, rows: Positions | slice) -> UserSlice:
        """Return some of these users, in their order; as many rows as users are all of them."""
        positions = np.arange(len(self.user_ids))[rows]
        if len(positions) == len(self.user_ids):
            return self
        return UserSlice(
            user_ids=self.user_ids[positions],
            segments=self.segments[positions],
            factors=take(self.factors, positions),
            seen=None if self.seen is None else self.seen[positions],
            history=self.history[positions],
            seen_at={name: matrix[positions] for name, matrix in self.seen_at.items()},
            own=None if self.own is None else self.own[positions],
        )


def make_catalogue_and_users(
    training_set: TrainingSet, model: Recommender, policy: RankingPolicy, period: Period = "all"
) -> tuple[Catalogue, UserSlice]:
    """Return what is the same for every user, and all users, as they were at the end of a period.

    "all" is the run date: what is served. "before" is the cutoff: what is judged. Only the stock is always tonight's.

    Raises
    ------
    ValidationError
        When a factor is not a finite number.
    """
    day, snapshot = training_set.last_day(period), training_set.at(period)
    rules = make_rules(
        policy,
        item_ids=training_set.item_ids,
        categories=training_set.categories,
        in_stock=training_set.in_stock,
        first_seen_on=training_set.first_seen_on,
        run_date=day,
    )
    users, items = model.factors(snapshot, fresh_boost(training_set.first_seen_on, day, policy))
    check_finite(items, "item", training_set.item_ids)
    check_finite(users, "user", training_set.user_ids)
    catalogue = Catalogue(
        item_ids=training_set.item_ids,
        items=items,
        rules=rules,
        popularity=snapshot.segment_popularity,
        n_popular=policy.fallback_items,
    )
    since = first_days_seen(policy, training_set.categories, day)
    own = model.own_items(snapshot)
    return catalogue, UserSlice(
        user_ids=training_set.user_ids,
        segments=training_set.segments,
        factors=users,
        seen=snapshot.had_since(since) if since else None,
        history=snapshot.history,
        own=own if own.nnz else None,
    )


def with_placements(
    catalogue: Catalogue, users: UserSlice, training_set: TrainingSet, policy: Policy
) -> tuple[Catalogue, UserSlice]:
    """Return a night's catalogue and users with what the policy's placements need.

    Raises
    ------
    ConfigurationError
        See `make_placements`.
    """
    snapshot = training_set.at("all")
    made = make_placements(policy, training_set, training_set.last_day("all"))
    seen_at = {each.name: snapshot.had_since(each.since) for each in made if each.since is not None}
    return replace(catalogue, placements=made, _packs={}), replace(users, seen_at=seen_at)
