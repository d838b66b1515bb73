"""95 % intervals of means over users, by the bootstrap (Efron 1979).

Resampled are users, by Poisson weights (Chamandy et al. 2012, Estimating Uncertainty for Massive Data Streams): each
user counts as often as a Poisson variable of mean 1 says. The seed is fixed, so that equal input gives equal intervals.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from include.types import Bools, Doubles

RESAMPLES = 1000
AT_ONCE = 4_000_000
"""Weights drawn at once."""
BOUNDS = (2.5, 97.5)
SEED = 13

Interval = tuple[float, float]


def intervals(
    values: Mapping[str, Doubles], groups: Mapping[str, Bools], resamples: int = RESAMPLES
) -> dict[str, dict[str, Interval]]:
    """Return the 95 % interval of each mean in each group; groups without users have none.

    Parameters
    ----------
    values
        (n_users,) by name, of the same users. Of differences between two models on the same users, the intervals are
        those of the paired bootstrap.
    groups
        (n_users,) bool by name: who is in it.
    """
    names, chosen = list(values), {group: members for group, members in groups.items() if members.any()}
    if not names or not chosen:
        return {}
    columns = np.column_stack([values[name] for name in names])
    summed = np.hstack([np.column_stack([columns * members[:, None], members]) for members in chosen.values()])
    sums = _resampled(summed, resamples).reshape(resamples, len(chosen), len(names) + 1)
    means = sums[:, :, :-1] / np.maximum(sums[:, :, -1:], 1)
    low, high = np.percentile(means, BOUNDS, axis=0)
    return {
        group: {name: (float(low[row, place]), float(high[row, place])) for place, name in enumerate(names)}
        for row, group in enumerate(chosen)
    }


def _resampled(columns: Doubles, resamples: int) -> Doubles:
    """Return the sum of each column of (n_users, m) in each resample: (resamples, m)."""
    random = np.random.default_rng(SEED)
    step = max(1, AT_ONCE // len(columns))
    parts = []
    for start in range(0, resamples, step):
        weights = random.poisson(1, (min(step, resamples - start), len(columns))).astype(np.float64)
        parts.append(weights @ columns)
    return np.concatenate(parts)
