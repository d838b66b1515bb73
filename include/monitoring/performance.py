"""What was served against what people then did.

Every list is held against the same pairs of a user and an item, so that a bad day for the shop is a bad day for
all of them, and what is left is the lists' own. A pair is new: the user has not bought the item before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import scipy
from pydantic import TypeAdapter
from scipy import sparse

from include.evaluation.metrics import average, find_hits, measure_users
from include.types import Bools, Integers, Longs, Strings

SEGMENTS_SHOWN = 5


@dataclass(frozen=True)
class Results:
    """How one set of lists did on one day.

    Attributes
    ----------
    hits
        New pairs that were on the shelf.
    metrics
        hit_rate, recall, ndcg and so on of the whole list, mean over the users who have a pair.
    segments
        The largest segments: pairs and hits.
    """

    hits: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    segments: dict[str, dict[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """The day's lists side by side.

    Attributes
    ----------
    users, pairs
        Users with a list who did something new, and with how many items.
    live, popularity, previous
        Results of the served lists, of what is popular, and of the lists to which a rollback would lead (or None).
    only_live, only_previous
        Pairs of which one of the two had the item on the shelf and the other had not.
    """

    users: int
    pairs: int
    live: Results
    popularity: Results
    previous: Results | None = None
    only_live: int = 0
    only_previous: int = 0

    @property
    def share(self) -> float:
        """Share of the pairs that were on the shelf, NaN without any."""
        return self.live.hits / self.pairs if self.pairs else float("nan")

    @property
    def ratio_to_previous(self) -> float:
        """The live lists' hits over those that the previous lists would have had; 1 where there are none."""
        return self.live.hits / self.previous.hits if self.previous and self.previous.hits else 1.0

    @property
    def p_value(self) -> float:
        """Chance that equally good lists differ so much to the live lists' disadvantage (McNemar 1947, exact)."""
        different = self.only_live + self.only_previous
        if not different:
            return 1.0
        return float(scipy.stats.binomtest(self.only_live, different, 0.5, alternative="less").pvalue)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Comparison:
        """Return what `as_json` gave."""
        return TypeAdapter(cls).validate_python(values)


def compare_lists(wanted: sparse.csr_matrix, lists: Mapping[str, Integers | None], segments: Strings) -> Comparison:
    """Hold each of `lists` against what was wanted.

    Parameters
    ----------
    wanted
        (n_users, n_items) bool CSR of the day's new pairs.
    lists
        ``live``, ``popularity`` and, unless there is none, ``previous``: (n_users, n) int32 positions,
        -1 after the end.
    segments
        (n_users,) text.
    """
    rows = np.flatnonzero(np.diff(wanted.indptr))
    relevant, names = wanted[rows], segments[rows]
    found: dict[str, Results] = {}
    hits: dict[str, Bools] = {}
    for name, whole in lists.items():
        if whole is not None:
            found[name], hits[name] = _results(whole[rows], relevant, names)
    paired = {}
    if "previous" in hits:
        live, previous = hits["live"], hits["previous"]
        paired = {"only_live": int((live & ~previous).sum()), "only_previous": int((previous & ~live).sum())}
    return Comparison(len(rows), int(relevant.nnz), **found, **paired)  # type: ignore[arg-type]


def _results(lists: Integers, relevant: sparse.csr_matrix, segments: Strings) -> tuple[Results, Bools]:
    """Return results, and for each pair, in the order of the matrix, whether it was on the shelf."""
    if not len(lists):
        return Results(), np.zeros(0, dtype=bool)
    shown = on_shelf(lists, relevant)
    owners = _owners(relevant)
    values, counts = np.unique(segments, return_counts=True)
    largest = values[np.argsort(-counts, kind="stable")[:SEGMENTS_SHOWN]]
    by_segment = {}
    for name in largest:
        mine = (segments == name)[owners]
        by_segment[str(name)] = {"pairs": int(mine.sum()), "hits": int((mine & shown).sum())}
    metrics = {name: round(value, 6) for name, value in average(measure_users(lists, relevant)).items()}
    return Results(int(shown.sum()), metrics, by_segment), shown


def on_shelf(lists: Integers, wanted: sparse.csr_matrix) -> Bools:
    """Return for each pair of `wanted`, in the order of the matrix, whether the user's list has the item."""
    n_items = wanted.shape[1]
    shown = (np.arange(len(lists), dtype=np.int64)[:, None] * n_items + lists)[find_hits(lists, wanted)]
    return np.isin(_owners(wanted) * n_items + wanted.indices, shown)


def _owners(pairs: sparse.csr_matrix) -> Longs:
    """Return the row of each pair, in the order of the matrix."""
    return np.repeat(np.arange(pairs.shape[0], dtype=np.int64), np.diff(pairs.indptr))
