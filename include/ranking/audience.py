"""Audiences: the question turned round, for an item, a category or a brand the users who would like it most."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from include.features import TrainingSet
from include.model.factors import Factors
from include.ranking.catalogue import Catalogue, UserSlice
from include.ranking.kernel import top_n
from include.ranking.lists import ExplainedLists
from include.ranking.reasons import Reason
from include.types import NOTHING, Bools, Floats, Strings

ITEM, CATEGORY, BRAND = "item", "category", "brand"


class Audiences(NamedTuple):
    """Subjects and values, (n_lists,) text, and lists of user positions."""

    subjects: Strings
    values: Strings
    lists: ExplainedLists


def audiences(
    catalogue: Catalogue, users: UserSlice, training_set: TrainingSet, n: int, brand: str | None, threads: int = 1
) -> Audiences:
    """Return the `n` users with the highest product with each subject's vector, of those that the model knows.

    Subjects are the allowed items, and the categories and brands that have any. The vector of a category or brand is
    the mean of those of its allowed items, each weighing 1 + its recent buyers: the product is their mean score.
    Users who have seen an item, by the rules of the lists, are left out of its list. Biases play no part: an item's
    would add the same to everybody, and a user's says how much rather than what they buy.

    Parameters
    ----------
    brand
        The attribute that is the brand; None: no lists of brands.
    """
    allowed, vectors = catalogue.rules.common.allowed, catalogue.items.vectors
    items = np.flatnonzero(allowed)
    categories = np.where(allowed, training_set.categories, "")
    weights = np.where(allowed, 1 + training_set.buyers["all"], 0).astype(np.float32)
    names, groups = _groups(categories, weights)
    carried, brands = _brands(training_set, brand, weights)
    subjects = [vectors[items], groups @ vectors, brands @ vectors]
    left_out = sparse.csr_matrix((len(names) + len(carried), len(users.user_ids)), dtype=bool)
    if users.seen is not None:
        left_out = sparse.vstack([users.seen.T.tocsr()[items], left_out], format="csr")
    else:
        left_out = sparse.csr_matrix((len(items) + left_out.shape[0], left_out.shape[1]), dtype=bool)
    found = top_n(
        _bare(np.concatenate(subjects)), _bare(users.factors.vectors), n, exclude=left_out,
        allowed=users.factors.known, threads=threads,
    )  # fmt: skip
    codes = np.where(found.items != NOTHING, np.int8(Reason.TASTE), np.int8(0))
    lists = ExplainedLists(found.items, found.scores, codes, np.full(codes.shape, NOTHING, np.int32))
    kinds = np.repeat([ITEM, CATEGORY, BRAND], [len(items), len(names), len(carried)])
    return Audiences(kinds, np.concatenate([training_set.item_ids[items], names, carried]), lists)


def _groups(names: Strings, weights: Floats) -> tuple[Strings, sparse.csr_matrix]:
    """Return the names that have weight, and for each how much of it every item has: rows that sum to 1."""
    known, numbers = np.unique(names, return_inverse=True)
    matrix = sparse.csr_matrix((weights, (numbers, np.arange(len(names)))), shape=(len(known), len(names)))
    return _normalised(known, matrix, known != "")


def _brands(training_set: TrainingSet, brand: str | None, weights: Floats) -> tuple[Strings, sparse.csr_matrix]:
    names, carriers = training_set.item_features.values(brand) if brand else (np.zeros(0, np.str_), None)
    if carriers is None:
        return names, sparse.csr_matrix((0, len(weights)), dtype=np.float32)
    matrix = sparse.csr_matrix(carriers.T.astype(np.float32).multiply(weights))
    return _normalised(names, matrix, np.ones(len(names), bool))


def _normalised(names: Strings, matrix: sparse.csr_matrix, wanted: Bools) -> tuple[Strings, sparse.csr_matrix]:
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    rows = np.flatnonzero(wanted & (sums > 0))
    return names[rows], sparse.diags(1 / sums[rows]).astype(np.float32) @ matrix[rows]


def _bare(vectors: Floats) -> Factors:
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    return Factors(vectors, np.zeros(len(vectors), np.float32), np.ones(len(vectors), bool))
