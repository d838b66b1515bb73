"""How long training takes: ALS with features against the LightFM hybrid with the same, and a blend at scale.

An epoch of LightFM is measured and taken times 12; the ALS is fitted whole, compiled beforehand.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from typing import Any, NamedTuple

import numpy as np

from include import columns as c
from include.features import Interactions, SegmentPopularity, TrainingSet
from include.features.matrix import FeatureMatrix, feature_matrix
from include.model import find_trainer
from include.model_policy import ModelPolicy
from include.policy import load_policy

logger = logging.getLogger("nightshelf.bench")

LIGHTFM_EPOCHS = 12
TASTES = 40


class TrainingShape(NamedTuple):
    """What a benchmark trains on; features are so many a row, each one of `kinds`."""

    users: int
    items: int
    pairs: int
    user_features: int
    item_features: int
    dimensions: int
    kinds: int = 50


SHAPES = {
    "full": {
        "hybrid": TrainingShape(100_000, 20_000, 5_000_000, 5, 10, 64),
        "blend": TrainingShape(200_000, 20_000, 6_500_000, 2, 3, 32),
    },
    "quick": {
        "hybrid": TrainingShape(300, 80, 4_000, 5, 10, 8),
        "blend": TrainingShape(300, 80, 4_000, 2, 3, 8),
    },
}


def run(scale: str) -> dict[str, Any]:
    """Return seconds and ratios."""
    shapes = SHAPES[scale]
    warm = make_shop(SHAPES["quick"]["hybrid"]._replace(pairs=2_000))
    fit(warm, ials(8, epochs=1))
    shop, d = make_shop(shapes["hybrid"]), shapes["hybrid"].dimensions
    lightfm = LIGHTFM_EPOCHS * fit(shop, hybrid(d, shapes["hybrid"].pairs))
    own = fit(shop, ials(d))
    blended = load_policy({"model": {"members": {"lightfm_hybrid": {"dimensions": 32}, "ials": {"dimensions": 32}}}})
    whole = fit(make_shop(shapes["blend"]), blended.model, ("before", "all"))
    return {
        "training_lightfm_12_epochs_s": lightfm,
        "training_ials_s": own,
        "training_ials_over_lightfm": own / lightfm,
        "training_blend_s": whole,
        "training_shapes": {name: shape._asdict() for name, shape in shapes.items()},
    }


def fit(shop: TrainingSet, policy: ModelPolicy, periods: Any = ("all",)) -> float:
    """Return the seconds of a whole fit."""
    started = time.monotonic()

    def progress(stage: str, epoch: int, epochs: int) -> None:
        logger.info("%s: epoch %d of %d, %.1f s", stage, epoch, epochs, time.monotonic() - started)

    find_trainer(policy.trainer).fit(shop, policy, progress, periods)
    return time.monotonic() - started


def hybrid(dimensions: int, pairs: int) -> ModelPolicy:
    """Return LightFM for one epoch of all pairs."""
    settings = {"dimensions": dimensions, "epochs": 1, "most_pairs": pairs}
    return load_policy({"model": {"trainer": "lightfm_hybrid", **settings}}).model


def ials(dimensions: int, **changes: int) -> ModelPolicy:
    """Return ALS with features on both sides."""
    settings = {"dimensions": dimensions, "user_prior": 1.0, **changes}
    return load_policy({"model": {"trainer": "ials", **settings}}).model


def make_shop(shape: TrainingShape, seed: int = 7) -> TrainingSet:
    """Return a training set in which a user mostly takes items of one taste, the popular ones more often."""
    random = np.random.default_rng(seed)
    taste_of_user, taste_of_item = (random.integers(TASTES, size=n) for n in (shape.users, shape.items))
    order = np.argsort(taste_of_item, kind="stable")
    starts = np.searchsorted(taste_of_item[order], np.arange(TASTES + 1))
    draws = int(shape.pairs * 1.3)
    users = random.integers(shape.users, size=draws)
    taste = np.where(random.random(draws) < 0.7, taste_of_user[users], random.integers(TASTES, size=draws))
    within = random.random(draws) ** 2 * (starts[taste + 1] - starts[taste])
    keys = np.unique(users * shape.items + order[np.minimum(starts[taste] + within.astype(int), shape.items - 1)])
    keys = np.sort(random.permutation(keys)[: shape.pairs])
    when = random.random(len(keys))
    weights = random.uniform(0.05, 1, len(keys)).astype(np.float32)
    inside = {c.EARLY: when < 0.6, c.BEFORE: when < 0.8, c.ALL: when < 1}
    later = {c.EARLY: inside[c.BEFORE] & ~inside[c.EARLY], c.BEFORE: ~inside[c.BEFORE]}
    items = (keys % shape.items).astype(np.int32)
    buyers = {
        period: np.bincount(items[there], minlength=shape.items).astype(np.float32) for period, there in inside.items()
    }
    pairs = Interactions(
        users=(keys // shape.items).astype(np.int32),
        items=items,
        weights={period: np.where(there, weights, 0).astype(np.float32) for period, there in inside.items()},
        counts={period: there.astype(np.int32) for period, there in inside.items()},
        later={period: there.astype(np.int32) for period, there in later.items()},
        days={period: dict.fromkeys((c.PURCHASE, c.CART, c.VIEW), _days(len(keys))) for period in c.PERIODS},
    )
    names = [
        np.char.add(prefix, np.arange(n).astype(np.str_)) for prefix, n in (("u", shape.users), ("i", shape.items))
    ]
    return TrainingSet(
        run_date=dt.date(2026, 1, 31),
        cutoff=dt.date(2026, 1, 17),
        user_ids=names[0],
        segments=np.full(shape.users, c.EVERYBODY),
        item_ids=names[1],
        titles=names[1],
        categories=np.full(shape.items, ""),
        prices=np.full(shape.items, np.nan),
        in_stock=np.ones(shape.items, dtype=bool),
        first_seen_on=_days(shape.items),
        buyers=buyers,
        interactions=pairs,
        user_features=_features("user_id", names[0], taste_of_user, shape.user_features, shape.kinds, random),
        item_features=_features("item_id", names[1], taste_of_item, shape.item_features, shape.kinds, random),
        popularity={
            period: {c.EVERYBODY: SegmentPopularity(np.arange(shape.items, dtype=np.int32), counts)}
            for period, counts in buyers.items()
        },
    )


def _features(
    identity: str, ids: Any, tastes: Any, each: int, kinds: int, random: np.random.Generator
) -> FeatureMatrix:
    """Return so many features a row, which mostly tell its taste."""
    told = np.where(
        random.random((len(ids), each)) < 0.7, tastes[:, None], random.integers(kinds, size=(len(ids), each))
    )
    texts = np.char.add(np.char.add(np.arange(each).astype(np.str_), ":"), told.astype(np.str_))
    rows = np.repeat(np.arange(len(ids), dtype=np.int32), each)
    return feature_matrix(identity, ids, rows=rows, features=texts.ravel(), weights=np.ones(len(rows), np.float32))


def _days(n: int) -> Any:
    return np.full(n, "2026-01-01", dtype="datetime64[D]")
