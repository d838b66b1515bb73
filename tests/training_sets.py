"""Small training sets for tests, without Spark."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from include.columns import PERIODS
from include.features import TrainingSet, training_set_from_tables
from include.features.training_set import INTERACTION_COLUMNS

RUN_DATE = dt.date(2026, 1, 31)
HOLDOUT_DAYS = 14


class Pair(NamedTuple):
    """A user and an item that have to do with each other; see `Interactions` for the rest.

    The period "early" is as "before" unless said otherwise, and the days of all periods are the same.
    """

    user: str
    item: str
    weight_before: float = 1.0
    weight_all: float = 1.0
    n_before: int = 1
    n_after: int = 0
    bought_on: dt.date | None = RUN_DATE
    carted_on: dt.date | None = None
    viewed_on: dt.date | None = None
    weight_early: float | None = None
    n_early: int | None = None
    n_after_early: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """Return the target events by period."""
        early = self.n_before if self.n_early is None else self.n_early
        whole = self.n_before + self.n_after if self.bought_on else 0
        return {"early": early, "before": self.n_before, "all": whole}

    def column(self, name: str) -> object:
        """Return the value of a column of the interactions."""
        own = getattr(self, name, None)
        kind, _, period = name.rpartition("_")
        if own is not None or name in ("n_after", "bought_on", "carted_on", "viewed_on"):
            return own
        if kind == "weight":
            return self.weight_before
        if kind == "n":
            return self.counts[period]
        return getattr(self, kind) if kind != "bought_on" or self.counts[period] else None


def make_tables(
    pairs: Iterable[Pair],
    *,
    users: Mapping[str, str] | None = None,
    items: Mapping[str, Mapping[str, Any]] | None = None,
    user_features: Sequence[tuple[str, str]] = (),
    item_features: Sequence[tuple[str, str]] = (),
) -> dict[str, pa.Table]:
    """Return the tables of a training set.

    Parameters
    ----------
    users
        user_id to segment, for users beyond those of `pairs` or segments other than "everybody".
    items
        item_id to any of title, category, price, in_stock, first_seen_on, popularity_before, popularity_all.
    user_features, item_features
        (id, feature), weight 1.
    """
    pairs = list(pairs)
    segments = {**{pair.user: "everybody" for pair in pairs}, **(users or {})}
    details = {**{pair.item: {} for pair in pairs}, **(items or {})}
    user_index = {name: index for index, name in enumerate(sorted(segments))}
    item_index = {name: index for index, name in enumerate(sorted(details))}
    return {
        "users": pa.table(
            {
                "user_index": pa.array(list(user_index.values()), pa.int32()),
                "user_id": pa.array(list(user_index), pa.string()),
                "segment": pa.array([segments[name] for name in user_index], pa.string()),
            }
        ),
        "items": _items(item_index, details, pairs),
        "interactions": _interactions(pairs, user_index, item_index),
        "user_features": _features("user_index", user_features, user_index),
        "item_features": _features("item_index", item_features, item_index),
        "popularity": _popularity(pairs, segments, item_index),
    }


def make_training_set(
    pairs: Iterable[Pair], *, run_date: dt.date = RUN_DATE, holdout_days: int = HOLDOUT_DAYS, **details: Any
) -> TrainingSet:
    """Return the training set of `make_tables`."""
    return training_set_from_tables(
        make_tables(pairs, **details), run_date=run_date, cutoff=run_date - dt.timedelta(days=holdout_days)
    )


def _items(index: Mapping[str, int], details: Mapping[str, Mapping[str, Any]], pairs: list[Pair]) -> pa.Table:
    before = {name: sum(pair.n_before > 0 for pair in pairs if pair.item == name) for name in index}
    whole = {name: sum(pair.weight_all > 0 for pair in pairs if pair.item == name) for name in index}

    popularity = {"popularity_early": before, "popularity_before": before, "popularity_all": whole}

    def column(name: str, default: Any, kind: pa.DataType) -> pa.Array:
        own = default if isinstance(default, dict) else dict.fromkeys(index, default)
        return pa.array([details[item].get(name, own[item]) for item in index], kind)

    return pa.table(
        {
            "item_index": pa.array(list(index.values()), pa.int32()),
            "item_id": pa.array(list(index), pa.string()),
            "title": pa.array([details[item].get("title", item) for item in index], pa.string()),
            "category": column("category", None, pa.string()),
            "price": column("price", None, pa.float64()),
            "in_stock": column("in_stock", True, pa.bool_()),
            "first_seen_on": column("first_seen_on", dt.date(2025, 1, 1), pa.date32()),
            **{name: column(name, counts, pa.float32()) for name, counts in popularity.items()},
        }
    )


def _interactions(pairs: list[Pair], users: Mapping[str, int], items: Mapping[str, int]) -> pa.Table:
    kinds = {"weight": pa.float32(), "n": pa.int32()}
    index = {
        "user_index": pa.array([users[pair.user] for pair in pairs], pa.int32()),
        "item_index": pa.array([items[pair.item] for pair in pairs], pa.int32()),
    }
    return pa.table(
        index
        | {
            name: pa.array([pair.column(name) for pair in pairs], kinds.get(name.split("_")[0], pa.date32()))
            for name in INTERACTION_COLUMNS
        }
    )


def _features(name: str, features: Sequence[tuple[str, str]], index: Mapping[str, int]) -> pa.Table:
    return pa.table(
        {
            name: pa.array([index[row] for row, _ in features], pa.int32()),
            "feature": pa.array([feature for _, feature in features], pa.string()),
            "weight": pa.array([1.0] * len(features), pa.float32()),
        }
    )


def _popularity(pairs: list[Pair], segments: Mapping[str, str], items: Mapping[str, int]) -> pa.Table:
    rows = []
    for segment in sorted({"everybody", *segments.values()}):
        own = [pair for pair in pairs if segment in ("everybody", segments[pair.user])]
        counts = {item: sum(pair.item == item for pair in own) for item in items}
        ranked = sorted((item for item in items if counts[item]), key=lambda item: (-counts[item], item))
        rows += [(segment, rank, items[item], float(counts[item])) for rank, item in enumerate(ranked, start=1)]
    names, ranks, indices, scores = zip(*rows, strict=True) if rows else ((), (), (), ())
    return pa.table(
        {
            "segment": pa.array(names, pa.string()),
            "rank": pa.array(ranks, pa.int32()),
            "item_index": pa.array(indices, pa.int32()),
            **{f"score_{period}": pa.array(scores, pa.float32()) for period in PERIODS},
        }
    )
