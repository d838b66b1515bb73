"""Models judged by the lists that they make: as users would have got them at the cutoff, and as they would tonight.

Both come from `make_catalogue_and_users` and `make_lists`, which also make the lists that are served.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from include.errors import ValidationError
from include.evaluation.comparison import (
    ALL,
    EVERYONE,
    UNSEEN,
    Holdout,
    Judged,
    differences,
    hold_out,
    judge_lists,
    summarise,
)
from include.evaluation.metrics import average, coverage, measure_users
from include.evaluation.report import CHALLENGER, LACKS
from include.features import Period, TrainingSet
from include.log import step
from include.model import Recommender
from include.policy import Policy
from include.ranking import UserSlice, make_catalogue_and_users, top_n
from include.ranking.compose import take
from include.ranking.lists import make_lists
from include.types import NOTHING, Integers

logger = logging.getLogger(__name__)

THREADS = os.cpu_count() or 1


@dataclass(frozen=True)
class Court:
    """What all models are judged on: what users took after the end of a period, one policy."""

    training_set: TrainingSet
    policy: Policy
    holdout: Holdout
    period: Period = "before"

    @property
    def view(self) -> str:
        """Return the view of the headline: repeats count where the rules let bought items come again."""
        return UNSEEN if self.policy.ranking.seen_rules.get("purchase") == "ever" else ALL

    def judge(self, model: Recommender) -> Judged:
        """Measure the lists of `lists`."""
        k = self.policy.evaluation.cutoff
        served, unseen = (_cut(lists, k) for lists in self.lists(model))
        return judge_lists(served, unseen, self.holdout)

    def lists(self, model: Recommender) -> tuple[Integers, Integers]:
        """Return what the holdout's users would have got at the end of the period, (n_evaluated, n) item positions.

        The second lists are the same without what the users had bought.

        Raises
        ------
        ValidationError
            When a factor or a score is not a finite number.
        """
        catalogue, users = make_catalogue_and_users(self.training_set, model, self.policy.ranking, self.period)
        chosen = users.rows(self.holdout.users)
        served = make_lists(catalogue, chosen, THREADS).items
        fresh = _without(chosen, self.training_set.seen(self.period)[self.holdout.users])
        return served, served if fresh is chosen else make_lists(catalogue, fresh, THREADS).items

    def judge_bare(self, model: Recommender) -> dict[str, float]:
        """Return recall and NDCG of the members' scores alone, without any rule, on what users had never bought."""
        view, snapshot = self.holdout.views[UNSEEN], self.training_set.at(self.period)
        users, items = replace(model, terms=replace(model.terms, popularity=0.0)).factors(snapshot)
        rows = self.holdout.users[view.rows]
        bought = self.training_set.seen(self.period)[rows]
        found = top_n(take(users, rows), items, self.policy.evaluation.cutoff, exclude=bought, threads=THREADS).items
        means = average(measure_users(found, view.relevant))
        return {name: means[name] for name in ("recall", "ndcg") if name in means}


def convene(training_set: TrainingSet, policy: Policy, period: Period = "before") -> Court:
    """Return the court for a training set: who took what after the cutoff, or between ``early`` and the cutoff."""
    rules = make_catalogue_and_users(training_set, Recommender.popular(), policy.ranking, period)[0].rules
    holdout = hold_out(
        training_set.targets(period, repeats=True), training_set.seen(period), training_set.matrix(period),
        training_set.segments, rules.is_new, policy.evaluation.max_users,
    )  # fmt: skip
    return Court(training_set, policy, holdout, period)


def compare_models(court: Court, entrants: Mapping[str, tuple[str, Recommender]]) -> dict[str, Any]:
    """Return the part of a report that says how good models are, and how the challenger differs from the others.

    Parameters
    ----------
    entrants
        Version and model by name, "challenger" and "popularity" among them. A challenger whose factors are no finite
        numbers is not judged: the report says so under ``lacks``.
    """
    found: dict[str, Any] = {"view": court.view, "models": {}, "differences": {}, LACKS: None}
    judged = {}
    for name, (version, model) in entrants.items():
        try:
            with step(logger, f"evaluating version {version} ({name})"):
                judged[name] = court.judge(model)
        except ValidationError as error:
            if name == CHALLENGER:
                found[LACKS] = error.problem
            logger.warning("%s is not judged: %s", name, error)
            continue
        found["models"][name] = {"version": version, **_describe(court, judged[name], model)}
    if CHALLENGER in judged:
        found["differences"] = {
            name: differences(judged[CHALLENGER], other, court.holdout)
            for name, other in judged.items()
            if name != CHALLENGER
        }
    return found


def _describe(court: Court, judged: Judged, model: Recommender) -> dict[str, Any]:
    """Return a model's entry in the report: its headline, its views, and its bare members without any rule."""
    views = summarise(judged, court.holdout)
    headline = {**views[court.view][EVERYONE]}
    bounds = headline.pop("intervals")
    return {
        "metrics": headline,
        "intervals": bounds,
        "views": views,
        "bare": court.judge_bare(model) if model.members else {},
    }


def inspect(
    training_set: TrainingSet, model: Recommender, standing: Recommender | None, policy: Policy
) -> dict[str, Any]:
    """Return whether tonight's lists of a final fit are sane, on at most `evaluation.max_users` users.

    Parameters
    ----------
    standing
        What serves if the model does not: `overlap` is the share of the model's entries that its lists have too.

    Returns
    -------
    ``coverage`` of the items that can be recommended, share of ``empty`` lists, ``overlap``; or the ``problem``.
    """
    try:
        lists, available = _tonight(training_set, model, policy)
    except ValidationError as error:
        return {"problem": error.problem}
    there = lists != NOTHING
    return {
        "coverage": coverage(lists, available),
        "empty": float((~there.any(axis=1)).mean()) if len(lists) else 0.0,
        "overlap": None if standing is None else _overlap(lists, _tonight(training_set, standing, policy)[0]),
    }


def _tonight(training_set: TrainingSet, model: Recommender, policy: Policy) -> tuple[Integers, int]:
    catalogue, users = make_catalogue_and_users(training_set, model, policy.ranking)
    every = max(1, -(-training_set.n_users // policy.evaluation.max_users))
    lists = make_lists(catalogue, users.rows(slice(None, None, every)), THREADS).items
    return lists, int(catalogue.rules.common.allowed.sum())


def _overlap(lists: Integers, others: Integers) -> float | None:
    """Return the share of the entries that are in the same user's other list; None where there is no entry."""
    there = lists != NOTHING
    owners = np.arange(len(lists), dtype=np.int64)[:, None] * (1 + max(lists.max(initial=0), others.max(initial=0)))
    known = np.isin((owners + lists)[there], (owners + others)[others != NOTHING])
    return float(known.mean()) if len(known) else None


def _without(users: UserSlice, bought: sparse.csr_matrix) -> UserSlice:
    """Return the same users with what they bought left out; the same object where it is left out already."""
    seen = bought if users.seen is None else sparse.csr_matrix(users.seen + bought)
    if users.seen is not None and seen.nnz == users.seen.nnz:
        return users
    return replace(users, seen=seen, own=None)


def _cut(lists: Integers, k: int) -> Integers:
    """Return the first k places of lists; shorter ones are filled up with nothing."""
    cut = np.full((len(lists), k), NOTHING, np.int32)
    cut[:, : lists.shape[1]] = lists[:, :k]
    return cut
