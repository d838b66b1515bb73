"""What a shop knew at the end of a period: what models train on and lists are made from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from include import columns as c
from include.features.matrix import FeatureMatrix
from include.types import Bools, Days, Floats, Integers, Strings

Period = Literal["early", "before", "all"]


@dataclass(frozen=True)
class SegmentPopularity:
    """A segment's recent buyers of items, most first.

    Attributes
    ----------
    items
        int32 positions of the items that have any.
    buyers
        float32, as long.
    """

    items: Integers
    buyers: Floats

    def dense(self, n_items: int) -> Floats:
        """Return the recent buyers of every item: (n_items,) float32."""
        counts = np.zeros(n_items, dtype=np.float32)
        counts[self.items] = self.buyers
        return counts


@dataclass(frozen=True)
class Snapshot:
    """A training set as it was on one day.

    Attributes
    ----------
    period, day
        What ends, and its last day.
    history
        (n_users, n_items) float32 CSR of decayed weights.
    bought
        (n_users, n_items) float32 CSR: how often a user bought an item that did not come back.
    bought_on
        (bought.nnz,) datetime64[D] of the last time, in the order of ``bought.data``.
    last
        By event type the pairs and the days of their last event: see `had_since`.
    popularity
        (n_items,) float32 recent buyers.
    segment_popularity
        By segment, "everybody" among them.
    segments
        (n_users,) text.
    user_features, item_features
        Identity and side features, each row's weights summing to 1.
    """

    period: Period
    day: dt.date
    history: sparse.csr_matrix
    bought: sparse.csr_matrix
    bought_on: Days
    last: Mapping[str, tuple[Integers, Integers, Days]]
    popularity: Floats
    segment_popularity: Mapping[str, SegmentPopularity]
    segments: Strings
    user_features: FeatureMatrix
    item_features: FeatureMatrix

    @property
    def shape(self) -> tuple[int, int]:
        """Return the number of users and of items."""
        return len(self.segments), len(self.popularity)

    def had_since(self, since: Mapping[str, dt.date | Days]) -> sparse.csr_matrix:
        """Return what users bought, carted or viewed lately: (n_users, n_items) bool CSR.

        Parameters
        ----------
        since
            First day by event type: ``purchase`` (the target events, less what a return undid), ``cart``, ``view``;
            of all items, or (n_items,) of each, NaT for none.
        """
        users, items = [], []
        for event, day in since.items():
            owners, things, days = self.last[event]
            first = np.broadcast_to(np.asarray(day, "datetime64[D]"), self.shape[1])
            late = days >= first[things]
            users.append(owners[late])
            items.append(things[late])
        if not users:
            return sparse.csr_matrix(self.shape, dtype=bool)
        index = (np.concatenate(users), np.concatenate(items))
        return sparse.csr_matrix((np.ones(len(index[0]), dtype=bool), index), shape=self.shape)


def last_days(users: Integers, items: Integers, days: Days) -> tuple[Integers, Integers, Days]:
    """Return the pairs that have a day, and their days."""
    there: Bools = ~np.isnat(days)
    return users[there], items[there], days[there]


EVENT_DAYS = {c.PURCHASE: c.BOUGHT_ON, c.CART: c.CARTED_ON, c.VIEW: c.VIEWED_ON}
"""The column with the last day of each event type."""
