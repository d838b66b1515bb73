"""Learning the terms of a blend on the days between the early period and the cutoff, never on the holdout.

A grid is searched one term after the other, twice: what counts is the mean of recall@20 and NDCG@10, of the items that
a user had never bought before and of all items. Each user's scores are looked at for the best items of each part
alone and the user's own, among which the best of any mixture are.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from include.columns import EVERYBODY
from include.features import Snapshot
from include.features.matrix import FeatureMatrix
from include.model.recommender import Recommender, Terms, standardised, standardised_popularity
from include.types import Bools, Doubles, Floats, Indices, Integers

logger = logging.getLogger(__name__)

MOST_USERS = 2000
FEWEST_USERS = 30
"""Fewer are no evidence: the terms stay as they were."""
CANDIDATES = 150
OWN_CANDIDATES = 200
CHUNK = 250
K, K_NDCG = 20, 10
WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
GRIDS = {
    "popularity": WEIGHTS,
    "repurchase": (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 9.0),
    "shrinkage": (0.0, 1.0, 3.0, 10.0),
}
COLD_WEIGHTS = (0.25, 0.5, 1.0)
LEAST_GAIN = 0.0003
"""Of the mean metric: less is chance, and the term stays."""


@dataclass(frozen=True)
class Targets:
    """What users bought after the early period: (n_users, n_items) bool CSR, new to them and in all."""

    new: sparse.csr_matrix
    all: sparse.csr_matrix


class Learned(NamedTuple):
    """What was learned.

    Attributes
    ----------
    terms
        Those that would have served best.
    tried
        By term the weights that were tried with the others as they are, each with its mean metric; empty where there
        was too little to learn from.
    """

    terms: Terms
    tried: dict[str, list[tuple[float, float]]]


def learn_terms(model: Recommender, snapshot: Snapshot, targets: Targets) -> Learned:
    """Return the terms that would have served best, from those of `model` on."""
    known = np.diff(snapshot.history.indptr) > 0
    users = _some(np.flatnonzero(known & (np.diff(targets.all.indptr) > 0)))
    if len(users) < FEWEST_USERS:
        logger.info("%d users bought after the early period: too few to learn the terms from", len(users))
        return Learned(model.terms, {})
    field = _Field.of(model, _of(snapshot, users), Targets(targets.new[users], targets.all[users]))
    start = terms = model.terms
    tried: dict[str, list[tuple[float, float]]] = {}
    for _ in range(2):
        for name in model.members:
            others = [replace(terms, members={**terms.members, name: weight}) for weight in WEIGHTS]
            terms, tried[name] = _best(field, terms, WEIGHTS, others)
        for name, values in GRIDS.items():
            changes: list[dict[str, Any]] = [{name: value} for value in values]
            terms, tried[name] = _best(field, terms, values, [replace(terms, **each) for each in changes])
    newcomers = _some(np.flatnonzero(~known & (np.diff(targets.all.indptr) > 0)))
    if len(newcomers) >= FEWEST_USERS:
        terms = _cold(model, _of(snapshot, newcomers), targets.all[newcomers], terms)
    logger.info(
        "terms learned from %d users, mean metric %.4f after %.4f: %s",
        len(users), field.quality(terms), field.quality(start), terms,
    )  # fmt: skip
    return Learned(terms, tried)


@dataclass(frozen=True)
class _Field:
    """The candidates of some users: all arrays (n_users, n_candidates) and more.

    Attributes
    ----------
    parts
        By member, standardised scores; -inf where the candidate stands there already.
    popularity, times
        Standardised popularity; log(1 + times bought).
    new, all
        Whether it was bought later, for the first time or at all.
    counts
        (2, n_users) how many were.
    pairs
        (n_users,) of the history.
    """

    parts: dict[str, Floats]
    popularity: Floats
    times: Floats
    new: Bools
    all: Bools
    counts: Integers
    pairs: Integers

    @classmethod
    def of(cls, model: Recommender, snapshot: Snapshot, targets: Targets) -> _Field:
        members = {name: standardised(member, snapshot) for name, member in model.members.items()}
        popularity, n_users = standardised_popularity(snapshot), snapshot.shape[0]
        chunks = [
            _chunk(
                {n: (u.vectors[rows], i.vectors) for n, (u, i) in members.items()}, popularity, snapshot, targets, rows
            )
            for rows in np.array_split(np.arange(n_users), -(-n_users // CHUNK))
        ]
        columns = [np.concatenate(column) for column in zip(*chunks, strict=True)]
        counts = np.array([np.diff(each.indptr) for each in (targets.new, targets.all)], dtype=np.int32)
        pairs = np.diff(snapshot.history.indptr).astype(np.int32)
        prior, times, new, whole = columns[:4]
        return cls(dict(zip(members, columns[4:], strict=True)), prior, times, new, whole, counts, pairs)

    def quality(self, terms: Terms) -> float:
        """Return the mean metric of both views."""
        share = (self.pairs / (self.pairs + terms.shrinkage)).astype(np.float32)
        scores = terms.popularity * self.popularity
        for name, part in self.parts.items():
            scores = scores + terms.members[name] * share[:, None] * part
        fresh = np.where(self.times > 0, np.float32(-np.inf), scores)
        views = ((fresh, self.new), (scores + np.float32(terms.repurchase) * self.times, self.all))
        return float(np.mean([
            _metric(view, hits, counts)[counts > 0].mean() if counts.any() else 0.0
            for (view, hits), counts in zip(views, self.counts, strict=True)
        ]))  # fmt: skip


def _chunk(
    members: dict[str, tuple[Floats, Floats]],
    popularity: Floats,
    snapshot: Snapshot,
    targets: Targets,
    rows: Indices,
) -> list[Floats | Bools]:
    scores = {name: _products(users, items) for name, (users, items) in members.items()}
    n, n_items = len(rows), len(popularity)
    most = min(CANDIDATES, n_items)
    best = [np.argpartition(-each, most - 1, axis=1)[:, :most] for each in scores.values()]
    best.append(np.tile(np.argpartition(-popularity, most - 1)[:most], (n, 1)))
    bought = snapshot.bought[rows]
    best.append(_own(bought))
    columns = np.sort(np.hstack(best), axis=1)
    again = np.hstack([columns[:, :1] < 0, (columns[:, 1:] == columns[:, :-1]) | (columns[:, 1:] < 0)])
    places = (np.arange(n)[:, None], np.maximum(columns, 0))
    times = np.log1p(bought.toarray()[places])
    found = [targets.new[rows].toarray()[places], targets.all[rows].toarray()[places]]
    parts = [each[places] for each in scores.values()]
    return [
        np.where(again, np.float32(-1e9), popularity[places[1]]).astype(np.float32),
        times.astype(np.float32),
        *[each & ~again for each in found],
        *parts,
    ]


def _products(users: Floats, items: Floats) -> Floats:
    """Return the score of each item for each user, rounded past the bits in which one processor's BLAS differs."""
    products: Floats = (users.astype(np.float64) @ items.astype(np.float64).T).astype(np.float32)
    return products


def _own(bought: sparse.csr_matrix) -> Indices:
    """Return the items that each user bought most often, -1 where there is none left."""
    own = np.full((bought.shape[0], OWN_CANDIDATES), -1, dtype=np.intp)
    for row in range(bought.shape[0]):
        items = slice(bought.indptr[row], bought.indptr[row + 1])
        order = np.argsort(-bought.data[items], kind="stable")[:OWN_CANDIDATES]
        own[row, : len(order)] = bought.indices[items][order]
    return own


def _metric(scores: Floats, hits: Bools, counts: Integers) -> Doubles:
    """Return each user's mean of recall@20 and NDCG@10: (n_users,)."""
    k = min(K, scores.shape[1])
    rows = np.arange(len(scores))[:, None]
    best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    order = np.argsort(-scores[rows, best], axis=1, kind="stable")
    found = hits[rows, best[rows, order]] & np.isfinite(scores[rows, best[rows, order]])
    reachable, discounts = np.maximum(counts, 1), 1 / np.log2(np.arange(2, K_NDCG + 2))
    recall = found.sum(axis=1) / np.minimum(K, reachable)
    ndcg = (found[:, :K_NDCG] @ discounts[:k]) / np.cumsum(discounts)[np.minimum(K_NDCG, reachable) - 1]
    metric: Doubles = (recall + ndcg) / 2
    return metric


def _best(
    field: _Field, terms: Terms, values: Sequence[float], others: Sequence[Terms]
) -> tuple[Terms, list[tuple[float, float]]]:
    """Return the best of `others`, or `terms` where that is no real gain; and each value with its quality."""
    alive = [(value, each) for value, each in zip(values, others, strict=True) if any(each.members.values())]
    qualities = [field.quality(each) for _, each in alive]
    best = int(np.argmax(qualities))
    tried = [(value, quality) for (value, _), quality in zip(alive, qualities, strict=True)]
    return (alive[best][1] if qualities[best] > field.quality(terms) + LEAST_GAIN else terms), tried


def _cold(model: Recommender, snapshot: Snapshot, bought: sparse.csr_matrix, terms: Terms) -> Terms:
    """Return the terms with the member whose features surely beat the segment's popularity for these new users."""
    counts, hits = np.diff(bought.indptr).astype(np.int32), bought.toarray()
    names, numbers = np.unique(snapshot.segments, return_inverse=True)
    known = snapshot.segment_popularity
    sold = np.stack([known.get(str(name), known[EVERYBODY]).dense(snapshot.shape[1]) for name in names])
    alone = _metric(sold[numbers], hits, counts)
    best, most = terms, 0.0
    for name, weight in product(model.members, COLD_WEIGHTS):
        tried = replace(terms, cold={name: weight})
        users, items = Recommender(model.members, tried).factors(snapshot)
        gain = _metric(_products(users.vectors, items.vectors) + items.biases, hits, counts) - alone
        sure = float(gain.mean() - 2 * gain.std() / np.sqrt(len(gain)))
        if sure > most:
            best, most = tried, sure
    return best


def _of(snapshot: Snapshot, users: Indices) -> Snapshot:
    """Return what was known of some users; when they bought is left out."""
    features = FeatureMatrix(snapshot.user_features.matrix[users], snapshot.user_features.names)
    return replace(
        snapshot,
        history=snapshot.history[users],
        bought=snapshot.bought[users],
        bought_on=snapshot.bought_on[:0],
        last={},
        segments=snapshot.segments[users],
        user_features=features,
    )


def _some(users: Indices) -> Indices:
    """Return these users, or of very many every n-th."""
    return users[:: max(1, -(-len(users) // MOST_USERS))]
