"""Several models as one: their standardised scores, popularity and repurchase, each with a weight.

The weights are learned on what users bought between the early period and the cutoff, by members that know the early
period alone, and hold for every period. A member that got none is not trained further.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from include import columns as c
from include.features import Period, TrainingSet
from include.model.recommender import Recommender, Terms
from include.model.terms import Learned, Targets, learn_terms
from include.model.trainer import Progress, Stages, find_trainer
from include.model_policy import BlendPolicy

RECIPE = "blend-1"


def stages(training_set: TrainingSet, policy: BlendPolicy, progress: Progress, periods: Sequence[Period]) -> Stages:
    """Train the members beside each other, then learn what each weighs. See `ModelModule.stages`."""
    learn = policy.learn and _can_learn(training_set)
    needed: list[Period] = ["early", *periods] if learn and "early" not in periods else list(periods)
    members = {
        name: find_trainer(name).stages(training_set, member, progress, needed)
        for name, member in policy.members.chosen.items()
    }
    terms, tried = Learned(_start(policy, list(members)), {})
    for number, period in enumerate(needed):
        joined = _next(members, terms)
        if learn and period == "early":
            targets = Targets(training_set.targets("early"), training_set.targets("early", repeats=True))
            terms, tried = learn_terms(joined, training_set.at("early"), targets)
            if "early" not in needed[number + 1 :]:
                terms = _used(terms)
                members = {name: members[name] for name in terms.members}
            joined = Recommender({name: joined.members[name] for name in terms.members}, terms)
        joined = replace(joined, tried=tried)
        if period in periods:
            yield period, joined


def _next(members: Mapping[str, Stages], terms: Terms) -> Recommender:
    """Train the next period of each member, all at once."""
    with ThreadPoolExecutor(len(members)) as pool:
        running = {name: pool.submit(next, member) for name, member in members.items()}
        return Recommender({name: each.result()[1].members[name] for name, each in running.items()}, terms)


def _used(terms: Terms) -> Terms:
    """Return the terms without the members that weigh nothing for anybody."""
    used = {name: weight for name, weight in terms.members.items() if weight or terms.cold.get(name)}
    return Terms(used, terms.popularity, terms.repurchase, terms.shrinkage, terms.cold)


def _start(policy: BlendPolicy, names: list[str]) -> Terms:
    given = policy.terms.model_dump()
    weights = given.pop("members")
    return Terms(members={name: weights.get(name, 1.0) for name in names}, **given)


def _can_learn(training_set: TrainingSet) -> bool:
    pairs = training_set.interactions
    return bool(np.any(pairs.weights[c.EARLY] > 0) and np.any(pairs.later[c.EARLY] > 0))
