"""The tastes can be recovered: a model that learns them beats popularity, the truth by far."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.linalg import svds

from include.demo_shop import OPENING, EventLog, Shop, ShopConfig
from include.demo_shop.tables import ANONYMOUS, PURCHASE, RETURN
from include.types import Bools, Doubles, Longs

HISTORY, HOLDOUT, POPULARITY, K = 60, 14, 28, 20


@dataclass(frozen=True)
class Split:
    """Interactions before the holdout, unseen purchases in it, and what everybody knows."""

    before: sparse.csr_matrix
    bought_before: sparse.csr_matrix
    targets: sparse.csr_matrix
    popularity: Doubles
    groups: Longs
    preferences: Doubles

    def users(self, *, known: bool) -> Longs:
        has_history = np.diff(self.before.indptr) > 0
        return np.flatnonzero((np.diff(self.targets.indptr) > 0) & (has_history == known))

    def recall(self, scores: Doubles, users: Longs) -> float:
        """Return recall@20 on unseen purchases; `scores` has one row a user of `users`, or one for all."""
        scores = np.where(self.bought_before[users].toarray() > 0, -np.inf, scores)
        top = np.argpartition(-scores, K, axis=1)[:, :K]
        targets = self.targets[users].toarray()
        return float((np.take_along_axis(targets, top, axis=1).sum(axis=1) / targets.sum(axis=1)).mean())


def split(seed: int) -> Split:
    shop = Shop(ShopConfig(users=1000, items=500, seed=seed))
    days = list(shop.days(OPENING, OPENING + dt.timedelta(days=HISTORY - 1)))
    log = EventLog.concatenate([day.events for day in days])
    log = log.take((log.user != ANONYMOUS) & (log.kind != RETURN))
    age = (np.datetime64(days[-1].date) - log.time.astype("datetime64[D]")).astype(int)
    n_users, n_items = days[-1].truth.n_users, days[-1].truth.n_items
    bought, held = log.kind == PURCHASE, age < HOLDOUT

    def count(rows: Bools) -> sparse.csr_matrix:
        ones = np.ones(int(rows.sum()))
        return sparse.csr_matrix((ones, (log.user[rows], log.item[rows])), shape=(n_users, n_items))

    bought_before = count(bought & ~held)
    targets = sparse.csr_matrix((count(bought & held) > 0).astype(float) - (bought_before > 0).astype(float)).maximum(0)
    targets.eliminate_zeros()
    eve = days[HISTORY - HOLDOUT].truth
    preferences = np.zeros((n_users, n_items))
    preferences[: eve.n_users, : eve.n_items] = eve.preferences(np.arange(eve.n_users))
    users = shop.world.users
    return Split(
        before=count(~held),
        bought_before=bought_before,
        targets=targets,
        popularity=np.asarray(count(bought & ~held & (age < HOLDOUT + POPULARITY)).sum(axis=0)).ravel(),
        groups=(users.country * 100 + users.channel)[:n_users],
        preferences=preferences,
    )


@pytest.fixture(scope="module", params=[7, 11])
def shop_split(request: pytest.FixtureRequest) -> Split:
    return split(request.param)


def test_knowing_the_tastes_beats_popularity_by_far(shop_split: Split) -> None:
    users = shop_split.users(known=True)
    popularity = shop_split.recall(shop_split.popularity[np.newaxis, :], users)
    assert len(users) > 400
    assert shop_split.recall(shop_split.preferences[users], users) > 2.0 * popularity


def test_a_factorisation_recovers_enough_to_beat_popularity(shop_split: Split) -> None:
    users = shop_split.users(known=True)
    popularity = shop_split.recall(shop_split.popularity[np.newaxis, :], users)
    left, weight, right = svds(shop_split.before.log1p(), k=8, random_state=0)
    assert shop_split.recall((left * weight)[users] @ right, users) > 1.3 * popularity


def test_country_and_channel_say_something_about_the_taste(shop_split: Split) -> None:
    groups, rows = np.unique(shop_split.groups, return_inverse=True)
    member = sparse.csr_matrix((np.ones(rows.size), (rows, np.arange(rows.size))), shape=(len(groups), rows.size))
    smooth = 15 * shop_split.popularity / shop_split.popularity.sum()
    by_group = (member @ shop_split.bought_before).toarray() + smooth
    users = shop_split.users(known=True)
    popularity = shop_split.recall(shop_split.popularity[np.newaxis, :], users)
    assert shop_split.recall(by_group[rows[users]], users) > 1.08 * popularity
