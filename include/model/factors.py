"""Factors: what scoring knows of a model.

A hybrid model describes a user (an item) by the sum of the embeddings of its features, its own identity among them
(Kula 2015, eq. 1-2). So the features that a new user or item shares with others describe it, and any model of this
form is two `FeatureEmbeddings`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from scipy import sparse

from include.features import Snapshot
from include.features.matrix import FeatureMatrix
from include.types import Bools, Floats, Strings

STEPS = 10
"""Of conjugate gradients for a user's vector, from what the features say."""


@dataclass(frozen=True)
class Factors:
    """Vectors of users or items, row by row.

    Attributes
    ----------
    vectors
        (n_rows, n_dimensions) float32.
    biases
        (n_rows,) float32.
    known
        (n_rows,) bool: False where the model knows none of the row's features.
    """

    vectors: Floats
    biases: Floats
    known: Bools


@dataclass(frozen=True)
class FeatureEmbeddings:
    """One side of a model.

    Attributes
    ----------
    names
        (n_features,) feature names.
    embeddings
        (n_features, n_dimensions) float32.
    biases
        (n_features,) float32.
    constant
        (n_dimensions,) float32, part of every row.
    """

    names: Strings
    embeddings: Floats
    biases: Floats
    constant: Floats

    def describe(self, features: FeatureMatrix) -> Factors:
        """Return the factors of each row of `features`; features the model never saw add nothing."""
        _, columns, rows = np.intersect1d(features.names, self.names, assume_unique=True, return_indices=True)
        matrix = features.matrix[:, columns].astype(np.float32)
        return Factors(
            vectors=np.asarray(matrix @ self.embeddings[rows] + self.constant, dtype=np.float32),
            biases=np.asarray(matrix @ self.biases[rows], dtype=np.float32),
            known=np.diff(matrix.indptr) > 0,
        )


@dataclass(frozen=True)
class FoldIn:
    """How a user's vector follows from the history, as in the training: one row of `least_squares`.

    Attributes
    ----------
    inner
        (d, d) float32: the weight of an unobserved pair times the gram matrix of the trained items.
    unobserved
        The weight of an unobserved pair times the number of trained items.
    regularization, power
        See `least_squares.penalty`.
    share
        Of the vector of their features, to which users with a history are pulled.
    confidence
        How much an interaction's weight counts beside an unobserved pair.
    target
        What an interaction's weight of 0 would still count for the target (1 in Hu, Koren and Volinsky 2008).
    """

    inner: Floats
    unobserved: float
    regularization: float
    power: float
    share: float
    confidence: float = 1.0
    target: float = 0.0

    def solve(self, history: sparse.csr_matrix, prior: Floats, items: Factors) -> Floats:
        """Return the users' vectors: (n_users, d) float32.

        Parameters
        ----------
        history
            (n_users, n_items) float32 CSR of weights; what the model does not know of it counts nothing.
        prior
            (n_users, d) float32, what the users' features say.
        """
        from include.model.least_squares import penalty, solve_rows

        known = history @ sparse.diags(np.float32(self.confidence) * items.known, format="csr", dtype=np.float32)
        known.eliminate_zeros()
        pairs = np.diff(known.indptr)
        pull = penalty(pairs, self.unobserved, self.regularization, self.power)
        rows, vectors = np.flatnonzero(pairs), prior.copy()
        own = np.float32(self.share) * prior[rows]
        vectors[rows] = solve_rows(
            known[rows], items.vectors, self.inner, pull[rows], own, own, STEPS, target=self.target
        )
        return vectors


@dataclass(frozen=True)
class HybridModel:
    """Both sides: the score of item i for user u is ``p_u . q_i + b_u + b_i``; users by features, or by `fold_in`."""

    user: FeatureEmbeddings
    item: FeatureEmbeddings
    fold_in: FoldIn | None = None

    def describe(self, snapshot: Snapshot) -> tuple[Factors, Factors]:
        """Return the factors of users and items; a user with a history is known where there is a `fold_in`."""
        users, items = self.user.describe(snapshot.user_features), self.item.describe(snapshot.item_features)
        if self.fold_in is None:
            return users, items
        vectors = self.fold_in.solve(snapshot.history, users.vectors, items)
        known = users.known | (snapshot.history @ items.known.astype(np.float32) > 0)
        return Factors(vectors, users.biases, known), items

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return the model as named arrays."""
        parts = {"user": self.user, "item": self.item, "fold_in": self.fold_in}
        return {
            f"{name}_{field.name}": np.asarray(getattr(part, field.name))
            for name, part in parts.items()
            if part is not None
            for field in fields(part)
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> HybridModel:
        """Return the model of `to_arrays`."""
        sides: list[FeatureEmbeddings] = []
        for side in ("user", "item"):
            names, embeddings, biases = (arrays[f"{side}_{part}"] for part in ("names", "embeddings", "biases"))
            constant = f"{side}_constant"  # versions of former releases have none
            zero = np.zeros(embeddings.shape[1], np.float32)
            sides.append(FeatureEmbeddings(names, embeddings, biases, arrays.get(constant, zero)))
        user, item = sides
        if "fold_in_inner" not in arrays:
            return cls(user, item)
        numbers = {part.name: float(arrays[f"fold_in_{part.name}"]) for part in fields(FoldIn) if part.name != "inner"}
        return cls(user, item, FoldIn(arrays["fold_in_inner"], **numbers))
