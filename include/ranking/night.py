"""A night's catalogue and shoppers: from the training set, the model and the policy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from include.features.training_set import TrainingSet
from include.model.factors import Factors, HybridModel
from include.policy import Policy
from include.ranking.filters import demote_unknown, seen_since
from include.ranking.rules import fresh_boost, make_rules
from include.ranking.shelf import Catalogue, Shoppers


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
        items=describe_items(training_set, model, policy),
        rules=rules,
        popularity=training_set.popularity,
        n_popular=policy.ranking.fallback_items,
    )


def make_shoppers(training_set: TrainingSet, model: HybridModel | None, policy: Policy) -> Shoppers:
    """Return all users of the night."""
    since = seen_since(policy.ranking.seen_rules, training_set.run_date)
    return Shoppers(
        user_ids=training_set.user_ids,
        segments=training_set.segments,
        users=describe_users(training_set, model),
        seen=training_set.had_since(since) if since else None,
        history=training_set.matrix("all"),
    )


def describe_items(training_set: TrainingSet, model: HybridModel | None, policy: Policy) -> Factors:
    """Return the items' factors with prior and boost; items that the model does not know come last."""
    if model is None:
        return _unknown(training_set.n_items).with_prior(training_set.popularity_all, 1.0)
    items = model.item.describe(training_set.item_features)
    prior = items.with_prior(training_set.popularity_all, policy.model.popularity_weight)
    boost = fresh_boost(training_set.first_seen_on, training_set.run_date, policy.ranking)
    boosted = replace(prior, biases=prior.biases + boost)
    return demote_unknown(boosted, describe_users(training_set, model))


def describe_users(training_set: TrainingSet, model: HybridModel | None) -> Factors:
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
