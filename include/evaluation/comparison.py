"""Lists of several models side by side: the same users and the same holdout for everyone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from include.evaluation import beyond
from include.evaluation.beyond import ItemFacts, item_facts, measure_lists, popularity_bias
from include.evaluation.intervals import intervals
from include.evaluation.metrics import average, coverage, measure_users
from include.types import Bools, Doubles, Indices, Integers, Strings

ALL, UNSEEN, NEW_ITEMS = "all", "unseen", "new_items"
EVERYONE, KNOWN, LITTLE_HISTORY, NEW_USERS = "all", "known", "little_history", "new_users"
SEGMENT = "segment:"
SEGMENTS_SHOWN = 5
LITTLE = 3
"""Items up to which a user's history is little."""


class View(NamedTuple):
    """Some of what users took after the cutoff.

    Attributes
    ----------
    rows
        (n,) positions of the users who took some of it, among the holdout's.
    relevant
        (n, n_items) bool CSR.
    groups
        (n,) bool by name: who is in it.
    """

    rows: Indices
    relevant: sparse.csr_matrix
    groups: dict[str, Bools]


@dataclass(frozen=True)
class Holdout:
    """Who is looked at, and what they took after the cutoff.

    Attributes
    ----------
    users
        (n_evaluated,) positions in the training set, rising.
    views
        `ALL` that they took; `UNSEEN`: what they never took before; `NEW_ITEMS`: of that, what was new at the cutoff.
    facts
        Who had what before.
    """

    users: Indices
    views: dict[str, View]
    facts: ItemFacts


def hold_out(
    targets: sparse.csr_matrix,
    bought: sparse.csr_matrix,
    history: sparse.csr_matrix,
    segments: Strings,
    is_new: Bools,
    most: int,
) -> Holdout:
    """Return the users who have a target, every n-th of them where they are more than `most`.

    Parameters
    ----------
    targets, bought, history
        (n_users, n_items) CSR: taken after the cutoff, taken before it, any interaction before it.
    segments
        (n_users,) text.
    is_new
        (n_items,) bool: new at the cutoff.
    """
    users = np.flatnonzero(np.diff(targets.indptr))
    users = users[:: max(1, -(-len(users) // most))]
    relevant = _pattern(targets[users])
    unseen = relevant - relevant.multiply(_pattern(bought[users]))
    unseen.eliminate_zeros()
    fresh = sparse.csr_matrix(unseen @ sparse.diags(is_new.astype(np.float64)))
    fresh.eliminate_zeros()
    known = np.diff(history.indptr)[users]
    groups = {
        EVERYONE: np.ones(len(users), bool),
        KNOWN: known > 0,
        LITTLE_HISTORY: (known > 0) & (known <= LITTLE),
        NEW_USERS: known == 0,
        **{f"{SEGMENT}{name}": segments[users] == name for name in largest_segments(segments[users])},
    }
    views = {ALL: _view(relevant, groups), UNSEEN: _view(unseen, groups), NEW_ITEMS: _view(fresh, groups)}
    return Holdout(users, views, item_facts(history))


def _pattern(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    return sparse.csr_matrix((np.ones(matrix.nnz, np.int8), matrix.indices, matrix.indptr), matrix.shape)


def _view(relevant: sparse.csr_matrix, groups: Mapping[str, Bools]) -> View:
    rows = np.flatnonzero(np.diff(relevant.indptr))
    return View(rows, relevant[rows].astype(bool), {name: members[rows] for name, members in groups.items()})


def largest_segments(segments: Strings) -> list[str]:
    """Return the segments with the most users, largest first."""
    names, counts = np.unique(segments, return_counts=True)
    order = np.lexsort((names, -counts))[:SEGMENTS_SHOWN]
    return [str(name) for name in names[order]]


@dataclass(frozen=True)
class Judged:
    """What lists came to.

    Attributes
    ----------
    users
        By view: each metric, user by user, (n,) in the order of the view's rows.
    totals
        By view: metrics of all lists together.
    """

    users: dict[str, dict[str, Doubles]]
    totals: dict[str, dict[str, float]]


def judge_lists(served: Integers, unseen: Integers, holdout: Holdout) -> Judged:
    """Measure the lists of the holdout's users.

    Parameters
    ----------
    served
        (n_evaluated, k) the lists as users would have got them; -1 after the end of a list.
    unseen
        The same without what they took before: the view `UNSEEN` is about finding something new.
    """
    users, totals = {}, {}
    like = [measure_lists(lists, holdout.facts) for lists in (served, unseen)]
    for name, view in holdout.views.items():
        lists = (unseen if name == UNSEEN else served)[view.rows]
        traits = {trait: values[view.rows] for trait, values in like[name == UNSEEN].items()}
        users[name] = {**measure_users(lists, view.relevant), **traits}
        taken = holdout.facts.shares[view.relevant.indices]
        totals[name] = {
            "coverage": coverage(lists, len(holdout.facts.shares)),
            "popularity_bias": popularity_bias(users[name][beyond.NAMES[-1]], taken),
        }
    return Judged(users, totals)


def summarise(judged: Judged, holdout: Holdout) -> dict[str, Any]:
    """Return, by view and group, the number of users, the mean of each metric and its 95 % interval (`intervals`)."""
    summary: dict[str, Any] = {}
    for name, view in holdout.views.items():
        values = judged.users[name]
        bounds = intervals(values, view.groups)
        summary[name] = {
            group: {"users": int(members.sum()), **average(values, members), "intervals": bounds.get(group, {})}
            for group, members in view.groups.items()
        }
        summary[name][EVERYONE] |= judged.totals[name]
    return summary


def differences(challenger: Judged, other: Judged, holdout: Holdout) -> dict[str, Any]:
    """Return, by view and group, the mean of challenger less other for each metric, and its paired 95 % interval."""
    found: dict[str, Any] = {}
    for name, view in holdout.views.items():
        values = {metric: mine - other.users[name][metric] for metric, mine in challenger.users[name].items()}
        bounds = intervals(values, view.groups)
        found[name] = {
            group: {metric: (value, *bounds[group][metric]) for metric, value in average(values, members).items()}
            for group, members in view.groups.items()
        }
    return found
