"""Popularity by segment as scores of all items."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from include.columns import EVERYBODY
from include.features.training_set import SegmentPopularity
from include.model.factors import Factors
from include.types import Floats


def list_segment(segment: str, popularity: Mapping[str, SegmentPopularity]) -> str:
    """Return the segment whose list serves `segment`: itself, or everybody when too little is known of it."""
    return segment if segment in popularity else EVERYBODY


def segment_scores(segment: str, popularity: Mapping[str, SegmentPopularity], n_items: int) -> Floats:
    """Return the segment's recent buyers of each item: (n_items,) float32.

    Between whole numbers stands everybody's popularity, as a share below 1: it orders items
    that equally many of the segment bought, or none.
    """
    own = _dense(popularity[segment], n_items)
    if segment == EVERYBODY:
        return own
    everybody = _dense(popularity[EVERYBODY], n_items)
    scores: Floats = own + everybody / (1 + everybody.max(initial=0))
    return scores


def as_factors(scores: Floats, n_users: int) -> tuple[Factors, Factors]:
    """Return user and item factors of no dimension by which every user's score is the item's own."""
    nobody = np.zeros(n_users, dtype=np.float32)
    users = Factors(np.zeros((n_users, 0), dtype=np.float32), nobody, np.zeros(n_users, dtype=bool))
    items = Factors(np.zeros((len(scores), 0), dtype=np.float32), scores, np.ones(len(scores), dtype=bool))
    return users, items


def _dense(counts: SegmentPopularity, n_items: int) -> Floats:
    scores = np.zeros(n_items, dtype=np.float32)
    scores[counts.items] = counts.all
    return scores
