"""How far apart two histograms are: statistics of numbers and of categories.

Numbers come as counts in bins, so the statistics are those of the binned values: a lower bound of
the Kolmogorov-Smirnov distance, and the Wasserstein distance between the bins' edges. scipy does the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import scipy

from include.types import Doubles

Histogram = Mapping[str, int]

# Added to each share, so that a value that one side lacks costs much but not infinitely much
PSI_FLOOR = 1e-4


class NumberDistance(NamedTuple):
    """Distances of two samples of numbers.

    Attributes
    ----------
    ks
        Largest difference of the two cumulative shares, 0 to 1.
    p_value
        Of the two-sample Kolmogorov-Smirnov test, asymptotic.
    wasserstein
        Mean distance that a value has to move, in the unit of the values.
    """

    ks: float
    p_value: float
    wasserstein: float


class CategoryDistance(NamedTuple):
    """Distances of two samples of categories.

    Attributes
    ----------
    jensen_shannon
        Jensen-Shannon distance, base 2: 0 for equal shares, 1 for nothing in common.
    p_value
        Of the chi-square test of independence.
    psi
        Population stability index: sum of (p - q) ln(p / q).
    new_share
        Share of the second sample in categories that the first does not have.
    """

    jensen_shannon: float
    p_value: float
    psi: float
    new_share: float


def compare_numbers(then: Histogram, now: Histogram) -> NumberDistance | None:
    """Compare counts by number (keys are texts of numbers, others are left out); None without rows on a side."""
    values = sorted({key for key in (*then, *now) if _is_number(key)}, key=float)
    a, b = counts(then, values), counts(now, values)
    if not a.sum() or not b.sum():
        return None
    numbers = np.array([float(value) for value in values])
    ks = float(np.abs(np.cumsum(a / a.sum()) - np.cumsum(b / b.sum())).max())
    effective = a.sum() * b.sum() / (a.sum() + b.sum())
    return NumberDistance(
        ks=ks,
        p_value=float(scipy.special.kolmogorov(np.sqrt(effective) * ks)),
        wasserstein=float(scipy.stats.wasserstein_distance(numbers, numbers, a, b)),
    )


def compare_categories(then: Histogram, now: Histogram) -> CategoryDistance | None:
    """Compare counts by category; None without rows on a side."""
    values = sorted({*then, *now})
    a, b = counts(then, values), counts(now, values)
    if not a.sum() or not b.sum():
        return None
    p, q = a / a.sum(), b / b.sum()
    filled = np.stack([a, b])[:, a + b > 0]
    several = filled.shape[1] > 1
    return CategoryDistance(
        jensen_shannon=jensen_shannon(p, q),
        p_value=float(scipy.stats.chi2_contingency(filled).pvalue) if several else 1.0,
        psi=float(((p - q) * np.log((p + PSI_FLOOR) / (q + PSI_FLOOR))).sum()),
        new_share=float(q[a == 0].sum()),
    )


def jensen_shannon(p: Doubles, q: Doubles) -> float:
    """Return the Jensen-Shannon distance of two distributions over the same values, base 2."""
    distance = float(scipy.spatial.distance.jensenshannon(p, q, base=2))
    return 0.0 if np.isnan(distance) else distance  # scipy: the root of a rounding error below 0


def adjust(p_values: list[float]) -> list[float]:
    """Return the p-values corrected for their number (Benjamini and Hochberg 1995)."""
    return [float(value) for value in scipy.stats.false_discovery_control(p_values)] if p_values else []


def counts(histogram: Histogram, values: list[str]) -> Doubles:
    """Return the counts of `values`, in their order."""
    return np.array([histogram.get(value, 0) for value in values], dtype=np.float64)


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False
