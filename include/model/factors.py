"""Factors: what scoring knows of a model.

A hybrid model describes a user (an item) by the sum of the embeddings of its features, its own identity among them
(Kula 2015, eq. 1-2). So the features that a new user or item shares with others describe it, and any model of this
form is two `FeatureEmbeddings`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from include.errors import MissingArtifactError
from include.features.matrix import FeatureMatrix
from include.types import Bools, Floats, Strings

FILE = "factors.npz"


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

    def with_prior(self, popularity: Floats, weight: float) -> Factors:
        """Return these item factors with ``weight * log(1 + popularity)`` added to the biases.

        Parameters
        ----------
        popularity
            (n_rows,) float32, recent interactions of each item.
        weight
            0 leaves the factors as they are.
        """
        return replace(self, biases=(self.biases + np.float32(weight) * np.log1p(popularity)).astype(np.float32))


def demote_unknown(items: Factors, users: Factors) -> Factors:
    """Return the item factors with what the model does not know ranked below everything else.

    Without a feature that the model knows, an item's vector and bias are 0, which says nothing but would beat every
    negative score. Its bias is lowered below any known score (Cauchy-Schwarz), so that it only fills up short lists.
    """
    if items.known.all() or not items.known.any():
        return items
    reach = _longest(items.vectors) * _longest(users.vectors)
    lowest = items.biases[items.known].min() - reach - 1 - items.biases[~items.known].max()
    return replace(items, biases=np.where(items.known, items.biases, items.biases + lowest).astype(np.float32))


def _longest(vectors: Floats) -> float:
    return float(np.linalg.norm(vectors, axis=1).max(initial=0.0))


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
    """

    names: Strings
    embeddings: Floats
    biases: Floats

    def describe(self, features: FeatureMatrix) -> Factors:
        """Return the factors of each row of `features`; features the model never saw add nothing."""
        _, columns, rows = np.intersect1d(features.names, self.names, assume_unique=True, return_indices=True)
        matrix = features.matrix[:, columns].astype(np.float32)
        return Factors(
            vectors=np.asarray(matrix @ self.embeddings[rows], dtype=np.float32),
            biases=np.asarray(matrix @ self.biases[rows], dtype=np.float32),
            known=np.diff(matrix.indptr) > 0,
        )


@dataclass(frozen=True)
class HybridModel:
    """Both sides: the score of item i for user u is ``p_u . q_i + b_u + b_i``."""

    user: FeatureEmbeddings
    item: FeatureEmbeddings

    def save(self, folder: Path) -> Path:
        """Write the model as one .npz file in `folder` and return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / FILE
        np.savez(
            path,
            user_names=self.user.names,
            user_embeddings=self.user.embeddings,
            user_biases=self.user.biases,
            item_names=self.item.names,
            item_embeddings=self.item.embeddings,
            item_biases=self.item.biases,
        )
        return path

    @classmethod
    def load(cls, folder: Path) -> HybridModel:
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
            return cls(
                user=FeatureEmbeddings(arrays["user_names"], arrays["user_embeddings"], arrays["user_biases"]),
                item=FeatureEmbeddings(arrays["item_names"], arrays["item_embeddings"], arrays["item_biases"]),
            )
