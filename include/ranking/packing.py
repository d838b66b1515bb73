"""Items as the ranking kernel reads them: panels, most promising first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from include.model.factors import Factors
from include.ranking.compiled import use_kept
from include.ranking.finite import check_finite
from include.ranking.kernel import LOWEST, ROUNDING, Panels, fill
from include.ranking.simd import WIDTH
from include.types import NOTHING, Bools, Floats, Strings

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True)
class PackedItems:
    """The items that may be recommended, packed once for any number of users.

    Attributes
    ----------
    factors
        All items.
    allowed
        (n_items,) bool, or None for all: which of them are packed.
    panels
        ``vectors`` (n_panels * d * WIDTH,): each panel as (d, WIDTH); ``biases`` (n_panels * WIDTH,), -inf
        where the last panel has no item; ``items`` (n_panels * WIDTH,): positions in `factors`;
        ``places`` (n_items,): the way back, -1 for what is not packed; ``longest`` and ``highest``
        (n_panels,): no vector of the panel is longer, no bias higher, with room for rounding.
    count
        How many are packed.
    """

    factors: Factors
    allowed: Bools | None
    panels: Panels
    count: int


def pack_items(factors: Factors, allowed: Bools | None = None, names: Strings | None = None) -> PackedItems:
    """Return the allowed items in panels: one copy of their vectors.

    Items with long vectors and high biases come first. So items of like bounds stand together,
    and a panel that cannot reach a user's threshold is passed over.

    Raises
    ------
    ValidationError
        When a factor is not a finite number; `names` (n_items,) name the item.
    """
    use_kept()
    check_finite(factors, "item", names)
    columns = np.arange(len(factors.biases)) if allowed is None else np.flatnonzero(allowed)
    lengths, biases = row_lengths(factors.vectors)[columns], factors.biases[columns]
    order = np.argsort(-(lengths + biases), kind="stable")
    columns, lengths, biases = columns[order], lengths[order], biases[order]
    depth, n_panels = factors.vectors.shape[1], -(-len(columns) // WIDTH)
    vectors = np.zeros(n_panels * WIDTH * depth, dtype=np.float32)
    fill(plain(factors.vectors, np.float32), columns, vectors)
    places = np.full(len(factors.biases), NOTHING, dtype=np.int32)
    places[columns] = np.arange(len(columns), dtype=np.int32)
    slack = np.float32(1 + (depth + 8) * ROUNDING)
    by_panel = _in_panels(biases, n_panels, -np.inf)
    widest = np.abs(_in_panels(biases, n_panels, 0)).max(axis=1, initial=0)
    panels = Panels(
        vectors=vectors,
        biases=by_panel.reshape(-1),
        items=_in_panels(columns.astype(np.int32), n_panels, 0).reshape(-1),
        places=places,
        longest=_in_panels(lengths, n_panels, 0).max(axis=1, initial=0) * slack,
        highest=by_panel.max(axis=1, initial=LOWEST) + widest * (slack - 1),
    )
    return PackedItems(factors, allowed, panels, len(columns))


def row_lengths(vectors: Floats) -> Floats:
    """Return the Euclidean length of each row, without a copy of the rows; inf when it overflows."""
    with np.errstate(over="ignore"):
        lengths: Floats = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    return lengths


def plain(array: npt.NDArray[Any], kind: type[Scalar]) -> npt.NDArray[Scalar]:
    """Return `array` as the compiled code takes it, by no copy where it is so already."""
    ready: npt.NDArray[Scalar] = np.require(array, kind, ["C_CONTIGUOUS", "WRITEABLE"])
    return ready


def _in_panels(values: npt.NDArray[Scalar], n_panels: int, filling: float) -> npt.NDArray[Scalar]:
    """Return `values` as (n_panels, WIDTH), filled up."""
    panels = np.full(n_panels * WIDTH, filling, dtype=values.dtype)
    panels[: len(values)] = values
    return panels.reshape(n_panels, WIDTH)
