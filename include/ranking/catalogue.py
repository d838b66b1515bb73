"""What lists are made from: the catalogue and the users, by the training set, the model and the policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
from scipy import sparse

from include.features.training_set import SegmentPopularity, TrainingSet
from include.model.factors import Factors, HybridModel, demote_unknown
from include.policy import Policy
from include.ranking.compose import Packs, pack_profile, take
from include.ranking.rules import Rules, fresh_boost, make_rules, seen_since
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
    """

    item_ids: Strings
    items: Factors
    rules: Rules
    popularity: Mapping[str, SegmentPopularity]
    n_popular: int
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
    """

    user_ids: Strings
    segments: Strings
    factors: Factors
    seen: sparse.csr_matrix | None
    history: sparse.csr_matrix

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
        )


def make_catalogue(training_set: TrainingSet, model: HybridModel | None, policy: Policy) -> Catalogue:
    """Return what is the same for every user of the night.

    Parameters
    ----------
    model
        None: there is no champion, everybody gets what is popular in their segment.
    """
    rules = make_rules(
        policy.ranking,
        item_ids=training_set.item_ids,
        categories=training_set.categories,
        in_stock=training_set.in_stock,
        first_seen_on=training_set.first_seen_on,
        run_date=training_set.run_date,
    )
    return Catalogue(
        item_ids=training_set.item_ids,
        items=_describe_items(training_set, model, policy),
        rules=rules,
        popularity=training_set.popularity,
        n_popular=policy.ranking.fallback_items,
    )


def make_users(training_set: TrainingSet, model: HybridModel | None, policy: Policy) -> UserSlice:
    """Return all users of the night."""
    since = seen_since(policy.ranking.seen_rules, training_set.run_date)
    return UserSlice(
        user_ids=training_set.user_ids,
        segments=training_set.segments,
        factors=_describe_users(training_set, model),
        seen=training_set.had_since(since) if since else None,
        history=training_set.matrix("all"),
    )


def _describe_items(training_set: TrainingSet, model: HybridModel | None, policy: Policy) -> Factors:
    """Return the items' factors with prior and boost; items that the model does not know come last."""
    if model is None:
        return _unknown(training_set.n_items).with_prior(training_set.popularity_all, 1.0)
    items = model.item.describe(training_set.item_features)
    prior = items.with_prior(training_set.popularity_all, policy.model.popularity_weight)
    boost = fresh_boost(training_set.first_seen_on, training_set.run_date, policy.ranking)
    boosted = replace(prior, biases=prior.biases + boost)
    return demote_unknown(boosted, _describe_users(training_set, model))


def _describe_users(training_set: TrainingSet, model: HybridModel | None) -> Factors:
    """Return the users' factors; `known` is False for those of whom the model knows no feature.

    Their biases are 0: a user's bias is the same for all items, so training does not bound it, and
    a large one would only take digits from the scores.
    """
    if model is None:
        return _unknown(training_set.n_users)
    users = model.user.describe(training_set.user_features)
    return replace(users, biases=np.zeros_like(users.biases))


def _unknown(length: int) -> Factors:
    return Factors(
        vectors=np.zeros((length, 0), dtype=np.float32),
        biases=np.zeros(length, dtype=np.float32),
        known=np.zeros(length, dtype=bool),
    )
