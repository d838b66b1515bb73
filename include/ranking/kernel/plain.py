"""Ranking with numpy alone: the kernel must equal it bit for bit, and it serves where the kernel does not compile."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from include.model.factors import Factors
from include.ranking.kernel.groups import Groups
from include.ranking.kernel.lists import TopN
from include.types import NOTHING, Doubles, Floats, Indices, Integers, Longs

CELLS_AT_ONCE = 4_000_000
TINY = float(np.finfo(np.float32).tiny)


def rank_users(
    users: Factors, items: Factors, columns: Indices, n: int, exclude: sparse.csr_matrix | None, best: TopN
) -> None:
    """Write the best `n` of the items at `columns` to `best`; see `top_n`.

    A product in float64 finds all that may be among them, whatever float32 rounds; only these get their score
    in float32, as the kernel computes it.
    """
    vectors, biases = items.vectors[columns].astype(np.float64), items.biases[columns].astype(np.float64)
    places = np.full(len(items.biases), NOTHING)
    places[columns] = np.arange(len(columns))
    step = max(1, CELLS_AT_ONCE // len(columns))
    longest, highest = np.linalg.norm(vectors, axis=1).max(), np.abs(biases).max()
    for start in range(0, len(users.biases), step):
        some = slice(start, start + step)
        own = users.vectors[some].astype(np.float64)
        scores = own @ vectors.T + biases + users.biases[some, None]
        if exclude is not None:
            _leave_out(scores, exclude[some], places)
        reach = np.linalg.norm(own, axis=1) * longest + highest + np.abs(users.biases[some])
        slack = (own.shape[1] + 8) * (reach * 2.0**-22 + TINY)  # twice what two scores may be off, and more
        least = np.partition(scores, -n, axis=1)[:, -n] - slack
        rows, found = np.nonzero((scores >= least[:, None]) & (scores > -np.inf))
        _write(best, start, users, items, rows + start, columns[found])


def _leave_out(scores: Doubles, exclude: sparse.csr_matrix, places: Longs) -> None:
    owners, left_out = np.repeat(np.arange(len(scores)), np.diff(exclude.indptr)), places[exclude.indices]
    scores[owners[left_out != NOTHING], left_out[left_out != NOTHING]] = -np.inf


def _write(best: TopN, start: int, users: Factors, items: Factors, rows: Indices, chosen: Indices) -> None:
    _place(best, rows, chosen, _score(users, items, rows, chosen))


def _score(users: Factors, items: Factors, rows: Indices, chosen: Indices) -> Floats:
    """Return the score of each pair as the kernel computes it."""
    scores: Floats = users.biases[rows] + items.biases[chosen]
    for k in range(users.vectors.shape[1]):
        scores = multiply_add(users.vectors[rows, k], items.vectors[chosen, k], scores)
    return scores


def _place(best: TopN, rows: Indices, chosen: Indices, scores: Floats) -> None:
    order = np.lexsort((chosen, -scores, rows))
    rows, chosen, scores = rows[order], chosen[order], scores[order]
    place = np.arange(len(rows)) - np.searchsorted(rows, rows)
    kept = place < best.items.shape[1]
    best.items[rows[kept], place[kept]] = chosen[kept]
    best.scores[rows[kept], place[kept]] = scores[kept] + np.float32(0)  # -0 becomes 0


def rank_groups(
    users: Factors,
    items: Factors,
    groups: Groups,
    wanted: Integers,
    limits: Integers,
    exclude: sparse.csr_matrix | None,
    own: sparse.csr_matrix | None,
    best: TopN,
) -> None:
    """Do what `grouped.rank_groups` does."""
    found: list[tuple[Indices, Indices, Floats]] = []
    for group in range(len(groups.starts) - 1):
        owners = np.flatnonzero(np.broadcast_to((wanted == group).any(axis=1), len(best.items)))
        members = groups.members[groups.starts[group] : groups.starts[group + 1]]
        rows, chosen = np.repeat(owners, len(members)), np.tile(members, len(owners))
        scores = _score(users, items, rows, chosen)
        if own is not None and len(rows):
            scores = scores + np.asarray(own[rows, chosen], dtype=np.float32).ravel()
        if exclude is not None and len(rows):
            kept = np.asarray(exclude[rows, chosen]).ravel() == 0
            rows, chosen, scores = rows[kept], chosen[kept], scores[kept]
        some = TopN.empty(len(best.items), min(int(limits[group]), best.items.shape[1]))
        _place(some, rows, chosen, scores)
        listed, places = np.nonzero(some.items != NOTHING)
        found.append((listed, some.items[listed, places].astype(np.intp), some.scores[listed, places]))
    if found:
        _place(best, *(np.concatenate(each) for each in zip(*found, strict=True)))


def insert_owned(users: Factors, items: Factors, own: sparse.csr_matrix, best: TopN) -> None:
    """Do what `owned.insert` does."""
    rows, chosen = np.repeat(np.arange(own.shape[0]), np.diff(own.indptr)), own.indices.astype(np.intp)
    scores = _score(users, items, rows, chosen) + own.data
    listed, places = np.nonzero(best.items != NOTHING)
    everything = np.concatenate([rows, listed]), np.concatenate([chosen, best.items[listed, places]])
    _place(best, *everything, np.concatenate([scores, best.scores[listed, places]]))


def multiply_add(a: Floats, b: Floats, c: Floats) -> Floats:
    """Return a * b + c rounded once, as processors do it.

    The product is exact in float64. The sum is rounded to odd, which makes rounding it again to float32 harmless
    (Boldo and Melquiond 2008, IEEE Transactions on Computers 57:4); its error is Knuth's TwoSum.
    """
    product = a.astype(np.float64) * b
    total = product + c
    back = total - product
    error = (product - (total - back)) + (c - back)
    even = total.view(np.int64) & 1 == 0
    odd = np.nextafter(total, np.where(error > 0, np.inf, -np.inf))
    rounded: Floats = np.where((error != 0) & even, odd, total).astype(np.float32)
    return rounded


def best_contributors(
    lists: Integers,
    indptr: Longs,
    indices: Integers,
    weights: Floats,
    vectors: Floats,
    lengths: Floats,
    threshold: np.float32,
) -> Integers:
    """Do what `explaining.best_contributors` does."""
    found = np.full(lists.shape, NOTHING, dtype=np.int32)
    for user, row in enumerate(lists):
        there, entries = row != NOTHING, slice(indptr[user], indptr[user + 1])
        listed, had = row[there], indices[entries]
        if not len(had):
            continue
        products = vectors[listed] @ vectors[had].T
        near = products >= threshold * lengths[listed, None] * lengths[had]
        values = np.where(near & (listed[:, None] != had), weights[entries] * products, 0)
        chosen = np.where(values.max(axis=1) > 0, had[values.argmax(axis=1)], NOTHING)
        found[user, there] = chosen
    return found
