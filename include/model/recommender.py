"""What a version is: members, and the terms that join them into one score.

The score of item i for user u is

    sum over members m of weight_m(u) * (p_mu . q_mi + b_mi) / std_m(u)
        + popularity weight * log(1 + buyers(i)) / its std over the items
        + repurchase weight * log(1 + times bought(u, i))

where std_m(u) is the standard deviation of the member's scores of that user over the items: exactly
sqrt(p' C p) with C the items' covariance. So a blend is a concatenation of factors, and all but the last
term is one product of a user's and an item's vector. The last touches only what the user has bought.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from include.errors import MissingArtifactError
from include.features.snapshot import Snapshot
from include.model.factors import Factors, HybridModel
from include.types import Floats

FILE = "factors.npz"
TERMS, TRIED = "terms", "tried"
FORMER_POPULARITY = 0.5
SMALLEST_STD = 1e-6


@dataclass(frozen=True)
class Terms:
    """How much each part of a score weighs.

    Attributes
    ----------
    members
        By name, the weight of a member's scores, which have a standard deviation of 1 for every user.
    popularity
        Of the logarithm of recent buyers, standardised alike.
    repurchase
        Of the logarithm of 1 + how often the user bought the item.
    shrinkage
        With so many pairs in their history, a user is half way from the cold weights to the full ones.
    cold
        By name, the weight for a user without a history; 0 where it is not given.
    """

    members: Mapping[str, float]
    popularity: float
    repurchase: float = 0.0
    shrinkage: float = 0.0
    cold: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Recommender:
    """Members by name, and their terms; `tried` says how those were learned, see `include.model.terms.Learned`."""

    members: Mapping[str, HybridModel]
    terms: Terms
    tried: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)

    @classmethod
    def popular(cls) -> Recommender:
        """Return what knows nobody: popularity alone ranks, in each user's segment."""
        return cls({}, Terms({}, popularity=1.0))

    @classmethod
    def single(cls, name: str, member: HybridModel, popularity: float) -> Recommender:
        """Return one member with so much weight of popularity beside it."""
        return cls({name: member}, Terms({name: 1.0}, popularity=popularity, cold={name: 1.0}))

    def factors(self, snapshot: Snapshot, boost: Floats | None = None) -> tuple[Factors, Factors]:
        """Return the users' and the items' factors, every term but the repurchase in them.

        `boost` is (n_items,) float32, added to the items' scores.
        ``known`` of a user is False where no member has anything to say: such users get what is popular in their
        segment. ``known`` of an item is False where no member knows any of its features; it ranks below all others.
        """
        n_users, n_items = snapshot.shape
        user_vectors, item_vectors = [np.zeros((n_users, 0), np.float32)], [np.zeros((n_items, 0), np.float32)]
        known_users, known_items = np.zeros(n_users, dtype=bool), np.zeros(n_items, dtype=bool)
        for name, member in self.members.items():
            users, items = standardised(member, snapshot)
            weight = self.weights(name, snapshot)
            user_vectors.append(users.vectors * weight[:, None])
            item_vectors.append(items.vectors)
            known_users |= users.known & (weight > 0)
            known_items |= items.known
        users = Factors(np.hstack(user_vectors), np.zeros(n_users, np.float32), known_users)
        prior = self.prior(snapshot) if boost is None else self.prior(snapshot) + boost
        items = Factors(np.hstack(item_vectors), prior, known_items)
        return users, demote_unknown(items, users)

    def weights(self, member: str, snapshot: Snapshot) -> Floats:
        """Return how much a member's scores weigh for each user: (n_users,) float32."""
        pairs, cold = np.diff(snapshot.history.indptr), self.terms.cold.get(member, 0.0)
        share = pairs / np.where(pairs > 0, pairs + self.terms.shrinkage, 1)
        weights: Floats = (cold + share * (self.terms.members[member] - cold)).astype(np.float32)
        return weights

    def prior(self, snapshot: Snapshot) -> Floats:
        """Return what popularity adds to each item's score: (n_items,) float32."""
        if not self.terms.popularity:
            return np.zeros(snapshot.shape[1], np.float32)
        return (self.terms.popularity * standardised_popularity(snapshot)).astype(np.float32)

    def own_items(self, snapshot: Snapshot) -> sparse.csr_matrix:
        """Return what is added to the scores of items that a user bought before: (n_users, n_items) float32 CSR."""
        if not self.terms.repurchase:
            return sparse.csr_matrix(snapshot.shape, dtype=np.float32)
        bought = snapshot.bought
        values = (self.terms.repurchase * np.log1p(bought.data)).astype(np.float32)
        return sparse.csr_matrix((values, bought.indices, bought.indptr), shape=bought.shape)

    def save(self, folder: Path) -> Path:
        """Write the recommender as one .npz file in `folder` and return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, Any] = {TERMS: json.dumps(asdict(self.terms)), TRIED: json.dumps(dict(self.tried))}
        for name, member in self.members.items():
            arrays |= {f"{name}/{part}": array for part, array in member.to_arrays().items()}
        path = folder / FILE
        np.savez(path, **arrays)
        return path

    @classmethod
    def load(cls, folder: Path) -> Recommender:
        """Read what `save` wrote.

        Raises
        ------
        MissingArtifactError
            When the file is not there.
        """
        path = folder / FILE
        if not path.is_file():
            raise MissingArtifactError(f"{path} does not exist", remedy="clear `train`, and what follows")
        with np.load(path, allow_pickle=False) as arrays:
            if TERMS not in arrays:  # a version of a former release
                return cls.single("lightfm_hybrid", HybridModel.from_arrays(arrays), FORMER_POPULARITY)
            terms = Terms(**json.loads(str(arrays[TERMS])))
            members = {name: HybridModel.from_arrays(_below(name, arrays)) for name in terms.members}
            tried = json.loads(str(arrays[TRIED])) if TRIED in arrays else {}
        return cls(members, terms, tried)


def standardised(member: HybridModel, snapshot: Snapshot) -> tuple[Factors, Factors]:
    """Return the member's factors, biases in the vectors, such that each user's scores have a standard deviation of 1.

    A user of whom the member has nothing to say, or whose scores are all equal, gets a vector of zeros.
    """
    from include.model.least_squares import gram, squares  # numba, which reading a model does not need

    users, items = member.describe(snapshot)
    vectors = np.hstack([items.vectors, items.biases[:, None]]).astype(np.float32)
    mine = np.hstack([users.vectors, np.ones((len(users.vectors), 1), np.float32)])
    sample = vectors[items.known]
    centred = sample - sample.mean(axis=0, dtype=np.float64).astype(np.float32) if len(sample) else sample
    covariance = gram(centred) / np.float32(max(len(sample), 1))
    deviation = np.sqrt(np.maximum(squares(mine, covariance).astype(np.float64), 0))
    known = users.known & (deviation > SMALLEST_STD)
    scale = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=known)
    scaled = (mine * scale[:, None]).astype(np.float32)
    return Factors(scaled, users.biases, known), Factors(vectors, items.biases, items.known)


def standardised_popularity(snapshot: Snapshot) -> Floats:
    """Return log(1 + recent buyers) of each item over its standard deviation; zeros where all are equal."""
    raw = np.log1p(snapshot.popularity.astype(np.float64))
    deviation = raw.std() if len(raw) else 0.0
    return (raw / deviation if deviation > SMALLEST_STD else np.zeros_like(raw)).astype(np.float32)


def _below(name: str, arrays: Mapping[str, Any]) -> dict[str, Any]:
    return {key.removeprefix(f"{name}/"): arrays[key] for key in arrays if key.startswith(f"{name}/")}


def demote_unknown(items: Factors, users: Factors) -> Factors:
    """Return the item factors with what no member knows ranked below everything else.

    Without a feature that a member knows, an item's vector is 0, which says nothing but would beat every negative
    score. Its bias is lowered below any known score (Cauchy-Schwarz), so that it only fills up short lists.
    """
    if items.known.all() or not items.known.any():
        return items
    reach = _longest(items.vectors) * _longest(users.vectors)
    lowest = items.biases[items.known].min() - reach - 1 - items.biases[~items.known].max()
    biases = np.where(items.known, items.biases, items.biases + lowest).astype(np.float32)
    return Factors(items.vectors, biases, items.known)


def _longest(vectors: Floats) -> float:
    return float(np.linalg.norm(vectors, axis=1).max(initial=0.0))
