"""Have the lists themselves changed? The served batch against the batch that was served before it.

Lists that change are no fault: a new model changes them. So nothing here causes an action:
it tells people where to look when results move.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include import columns as c
from include.monitoring.distances import compare_categories, compare_numbers
from include.types import Bools, Integers, Longs, Strings

SCORE_STEPS = 4  # bins of the scores' histogram in one unit of score


@dataclass
class ListProfile:
    """Counts over all lists of a batch.

    Attributes
    ----------
    users, entries
        Lists, and places in them.
    shown
        (n_items,) how many lists hold each item.
    scores
        Lower edge of the bin to first places with such a score.
    """

    shown: Longs
    users: int = 0
    entries: int = 0
    scores: dict[str, int] = field(default_factory=dict)

    def coverage(self) -> float:
        """Share of the catalogue that is in at least one list."""
        return float((self.shown > 0).mean()) if len(self.shown) else 0.0

    def popularity_bias(self, popular: Bools) -> float:
        """Share of the places that popular items take."""
        return float(self.shown[popular].sum() / self.entries) if self.entries else 0.0

    def categories(self, names: Strings) -> dict[str, int]:
        """Category to places; `names` are those of the items."""
        values, inverse = np.unique(names, return_inverse=True)
        sums = np.bincount(inverse, weights=self.shown, minlength=len(values)).astype(int)
        return {str(value): int(count) for value, count in zip(values, sums, strict=True) if count}


def profile_lists(batches: Iterable[pa.RecordBatch], items: pa.Array) -> ListProfile:
    """Count the lists of a batch; batches have the columns item_ids and scores."""
    profile = ListProfile(np.zeros(len(items), dtype=np.int64))
    for batch in batches:
        found = pc.index_in(pc.list_flatten(batch[c.ITEM_IDS]), value_set=items)
        profile.shown += np.bincount(pc.drop_null(found).to_numpy(), minlength=len(items))
        lengths = pc.list_value_length(batch[c.ITEM_IDS])
        full = batch.filter(pc.greater(lengths, 0))
        profile.users += full.num_rows
        profile.entries += len(found)
        first = pc.list_element(full[c.SCORES], 0).to_numpy(zero_copy_only=False)
        edges, counts = np.unique(np.floor(first * SCORE_STEPS) / SCORE_STEPS, return_counts=True)
        for edge, count in zip(edges.tolist(), counts.tolist(), strict=True):
            profile.scores[f"{edge:.2f}"] = profile.scores.get(f"{edge:.2f}", 0) + count
    return profile


def compare_profiles(
    now: ListProfile, before: ListProfile | None, popular: Bools, categories: Strings
) -> dict[str, float | None]:
    """Return what the lists are like, and how far they are from those before (None without any).

    Parameters
    ----------
    popular, categories
        (n_items,) whether an item is popular, and its category.

    Returns
    -------
    users, coverage, popularity_bias, coverage_before, popularity_bias_before, score_distance (Kolmogorov-Smirnov, of
    the first places' scores) and category_distance (Jensen-Shannon, of all places).
    """
    scores = compare_numbers(before.scores, now.scores) if before else None
    mix = compare_categories(before.categories(categories), now.categories(categories)) if before else None
    return {
        "users": now.users,
        "coverage": now.coverage(),
        "popularity_bias": now.popularity_bias(popular),
        "coverage_before": before.coverage() if before else None,
        "popularity_bias_before": before.popularity_bias(popular) if before else None,
        "score_distance": scores.ks if scores else None,
        "category_distance": mix.jensen_shannon if mix else None,
    }


def overlap(now: Integers, before: Integers) -> float:
    """Return the mean share of each user's list that was in their list before; users without a list are left out."""
    shared = [
        len(np.intersect1d(a[a >= 0], b[b >= 0])) / int((a >= 0).sum())
        for a, b in zip(now, before, strict=True)
        if (a >= 0).any() and (b >= 0).any()
    ]
    return float(np.mean(shared)) if shared else 0.0
