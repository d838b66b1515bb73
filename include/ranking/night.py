"""A night's catalogue and shoppers: from the training set, the model and the policy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from include.features.training_set import TrainingSet
from include.model.factors import Factors, HybridModel
from include.policy import Policy
from include.ranking.filters import allowed_items, demote_unknown, seen_since
from include.ranking.reasons import NOTHING, new_items, unit_vectors
from include.ranking.shelf import Catalogue, Shoppers


def make_catalogue(training_set: TrainingSet, model: HybridModel | None, policy: Policy) -> Catalogue:
    """Return what is the same for every user of the night.

    Parameters
    ----------
    model
        None: there is no champion, everybody gets what is popular in their segment.
    """
    items = describe_items(training_set, model, policy)
    return Catalogue(
        item_ids=training_set.item_ids,
        items=items,
        units=unit_vectors(items.vectors),
        allowed=allowed_items(training_set.item_ids, training_set.in_stock, policy.ranking.blocked_items),
        is_new=new_items(training_set.first_seen_on, training_set.run_date),
        categories=category_numbers(training_set.categories),
        popularity=training_set.popularity,
        top_n=policy.ranking.top_n,
        max_per_category=policy.ranking.max_per_category,
    )


def make_shoppers(training_set: TrainingSet, model: HybridModel | None, policy: Policy) -> Shoppers:
    """Return all users of the night."""
    since = seen_since(policy.ranking.seen, training_set.run_date)
    return Shoppers(
        user_ids=training_set.user_ids,
        segments=training_set.segments,
        users=describe_users(training_set, model),
        seen=None if since is None else training_set.seen(since=since),
        history=training_set.matrix("all"),
    )


def describe_items(training_set: TrainingSet, model: HybridModel | None, policy: Policy) -> Factors:
    """Return the items' factors with the popularity prior; items that the model does not know come last."""
    if model is None:
        return _unknown(training_set.n_items).with_prior(training_set.popularity_all, 1.0)
    items = model.item.describe(training_set.item_features)
    prior = items.with_prior(training_set.popularity_all, policy.model.popularity_weight)
    return demote_unknown(prior, describe_users(training_set, model))


def describe_users(training_set: TrainingSet, model: HybridModel | None) -> Factors:
    """Return the users' factors; `known` is False for those of whom the model knows no feature.

    Their biases are 0: a user's bias is the same for all items, so training does not bound it, and
    a large one would only take digits from the scores.
    """
    if model is None:
        return _unknown(training_set.n_users)
    users = model.user.describe(training_set.user_features)
    return replace(users, biases=np.zeros_like(users.biases))


def category_numbers(categories: npt.NDArray[np.str_]) -> npt.NDArray[np.int32]:
    """Return a number for each category, -1 for "": unknown categories are not one category."""
    _, numbers = np.unique(categories, return_inverse=True)
    return np.where(categories == "", NOTHING, numbers).astype(np.int32)


def _unknown(length: int) -> Factors:
    return Factors(
        vectors=np.zeros((length, 0), dtype=np.float32),
        biases=np.zeros(length, dtype=np.float32),
        known=np.zeros(length, dtype=bool),
    )
