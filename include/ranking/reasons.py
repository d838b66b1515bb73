"""Why an item is in a list: something true that can be said of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int32]

NOTHING = -1
MIN_SIMILARITY = 0.5
"""Cosine from which one item explains another; half of what two equal items have."""
NEW_DAYS = 30
CELLS_AT_ONCE = 1 << 21


class Reason(IntEnum):
    """Codes as the batch and the database store them."""

    BECAUSE_OF_ITEM = 1
    POPULAR_IN_SEGMENT = 2
    NEW_IN_CATEGORY = 3


class Reasons(NamedTuple):
    """One reason for each place of a list.

    Attributes
    ----------
    codes
        (n_users, n) int8, see `Reason`; 0 where the list has ended.
    items
        (n_users, n) int32: the item of the user's history that BECAUSE_OF_ITEM names, else -1.
    """

    codes: npt.NDArray[np.int8]
    items: Integers


def new_items(
    first_seen_on: npt.NDArray[np.datetime64], run_date: dt.date, days: int = NEW_DAYS
) -> npt.NDArray[np.bool_]:
    """Return which items came within `days` up to the run date: (n_items,) bool.

    What came on the catalogue's first day is not new: it is the shop's own beginning.
    """
    if not len(first_seen_on):
        return np.zeros(0, dtype=bool)
    recent: npt.NDArray[np.bool_] = first_seen_on > np.datetime64(run_date, "D") - np.timedelta64(days, "D")
    recent &= first_seen_on > first_seen_on.min()
    return recent


def unit_vectors(vectors: Floats) -> Floats:
    """Return `vectors` (n, d) with length 1; zero vectors stay, and resemble nothing."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units: Floats = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return units


def explain(
    lists: Integers,
    history: sparse.csr_matrix,
    *,
    units: Floats,
    categories: Integers,
    is_new: npt.NDArray[np.bool_],
) -> Reasons:
    """Return the first reason of three that holds for each place.

    BECAUSE_OF_ITEM when the most similar item of the user's history, the item itself left
    out, has a cosine of at least `MIN_SIMILARITY`; NEW_IN_CATEGORY when the item is new and the
    user's history has its category; POPULAR_IN_SEGMENT otherwise.

    Parameters
    ----------
    lists
        (n_users, n) item positions, -1 after the end of a list.
    history
        (n_users, n_items) CSR: its stored entries.
    units
        (n_items, d) item vectors of length 1, see `unit_vectors`.
    categories
        (n_items,) category numbers, -1 where it is unknown.
    is_new
        (n_items,) see `new_items`.
    """
    similarity, source = most_similar(lists, history, units)
    because = similarity >= MIN_SIMILARITY
    fresh = _new_in_category(lists, history, categories, is_new) & ~because
    codes = np.full(lists.shape, Reason.POPULAR_IN_SEGMENT, dtype=np.int8)
    codes[fresh] = Reason.NEW_IN_CATEGORY
    codes[because] = Reason.BECAUSE_OF_ITEM
    codes[lists == NOTHING] = 0
    return Reasons(codes, np.where(because, source, np.int32(NOTHING)))


def most_similar(lists: Integers, history: sparse.csr_matrix, units: Floats) -> tuple[Floats, Integers]:
    """Return, for each place, the highest cosine in the user's history and its item.

    Returns
    -------
    similarity
        (n_users, n) float32; -inf where there is nothing to compare with.
    items
        (n_users, n) int32: the first of the most similar ones; -1 where there is none.
    """
    history = history if history.has_sorted_indices else history.sorted_indices()
    similarity = np.full(lists.shape, -np.inf, dtype=np.float32)
    items = np.full(lists.shape, NOTHING, dtype=np.int32)
    if not lists.size:
        return similarity, items
    for rows, length in _like_lengths(np.diff(history.indptr), lists.shape[1] + units.shape[1]):
        owned = _padded(history, rows, length)
        cosines = units[lists[rows]] @ units[owned].transpose(0, 2, 1)
        wrong = (owned == NOTHING)[:, None, :] | (owned[:, None, :] == lists[rows][:, :, None])
        cosines[wrong | (lists[rows] == NOTHING)[:, :, None]] = -np.inf
        best = cosines.argmax(axis=2)
        similarity[rows] = np.take_along_axis(cosines, best[:, :, None], axis=2)[:, :, 0]
        found = np.take_along_axis(owned, best, axis=1)
        items[rows] = np.where(np.isneginf(similarity[rows]), NOTHING, found)
    return similarity, items


def _like_lengths(lengths: npt.NDArray[np.integer], width: int) -> Iterator[tuple[npt.NDArray[np.intp], int]]:
    """Yield users with histories of like lengths together, so that padding them wastes little."""
    order = np.argsort(lengths, kind="stable")[::-1]
    start = 0
    while start < len(order) and lengths[order[start]] > 0:
        longest = int(lengths[order[start]])
        rows = order[start : start + max(1, CELLS_AT_ONCE // (longest * width))]
        rows = rows[lengths[rows] > longest // 2]
        yield rows, longest
        start += len(rows)


def _padded(history: sparse.csr_matrix, rows: npt.NDArray[np.intp], length: int) -> Integers:
    """Return (n_rows, length) item positions, -1 after the end of a history."""
    starts, ends = history.indptr[rows], history.indptr[rows + 1]
    place = starts[:, None] + np.arange(length)
    inside = place < ends[:, None]
    return np.where(inside, history.indices[np.where(inside, place, 0)], NOTHING).astype(np.int32)


def _new_in_category(
    lists: Integers, history: sparse.csr_matrix, categories: Integers, is_new: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    if not len(is_new):
        return np.zeros(lists.shape, dtype=bool)
    fresh: npt.NDArray[np.bool_] = (lists != NOTHING) & is_new[lists] & (categories[lists] != NOTHING)
    users, places = np.nonzero(fresh)
    span = int(categories.max(initial=0)) + 1
    owners = np.repeat(np.arange(history.shape[0]), np.diff(history.indptr))
    owned = categories[history.indices]
    pairs = np.unique((owners * span + owned)[owned != NOTHING])
    fresh[users, places] = np.isin(users * span + categories[lists[users, places]], pairs)
    return fresh
