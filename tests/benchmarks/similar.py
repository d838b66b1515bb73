"""How good similar items are on a real shop:

    python -m tests.benchmarks.similar --lake LAKE [--nights 2011-10-08 2011-11-08] [--out FILE]

Of each pair of a basket and an item in it, is one of the item's first 20 in the same basket, or does the
user buy it within the 7 days after? Baskets are those of the 14 days after a night; lists know what the night knew. The
weight of what is bought together is chosen on the first night and reported on the last. Beside them: the cosine alone
and the counts of shared baskets alone. Intervals are 95 % bootstrap intervals over users.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from include.contract import load_policy
from include.features import TrainingSet, load_training_set
from include.lake import Lake, open_artifact, open_lake, partition_folder
from include.lake.artifacts import read_table
from include.lake.partitions import list_days, load_days
from include.night.fitting import fit_model
from include.ranking import Catalogue, make_catalogue_and_users
from include.ranking.similar import shares, similar_lists
from include.settings import load_settings
from include.types import NOTHING, Bools, Doubles, Integers, Longs

FIRST = 20
DAYS, LATER = 14, 7
WEIGHTS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
MOST_OTHERS = 100
PRIOR, HALF_LIFE, MOST_IN_BASKET = 3.0, 60.0, 100


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lake", required=True, help="URI of a lake with training sets and the days after them")
    parser.add_argument("--nights", nargs=2, default=("2011-10-08", "2011-11-08"))
    parser.add_argument("--member", help="fit one member of the blend alone, as the policy sets it")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args(argv)
    figures = quality(asked.lake, asked.nights, asked.member)
    text = json.dumps(figures, indent=1)
    sys.stdout.write(text + "\n")
    if asked.out:
        asked.out.write_text(text)
    return 0


def quality(uri: str, nights: tuple[str, str], member: str | None) -> dict[str, Any]:
    """Return hit rates of the last night, with the weight that was best on the first."""
    lake, settings = open_lake(uri), load_settings()
    policy = load_policy(settings)
    sets = sorted({path.path.split("/")[1] for path in lake.list_files("training_sets")})
    chosen, figures = {}, {}
    for night in nights:
        folder = next(name for name in sets if name.startswith(night))
        training_set = load_training_set(open_artifact(lake, f"training_sets/{folder}"))
        model = getattr(policy.model.members, member) if member else policy.model
        recommender = fit_model(settings, training_set, model, ("all",))["all"]
        catalogue, _ = make_catalogue_and_users(training_set, recommender, policy.ranking)
        rates = measure(catalogue, training_set, read_purchases(lake, training_set))
        figures[night] = {name: float(rate.mean()) for name, rate in rates.items()}
        chosen[night] = rates
    best = max(WEIGHTS, key=lambda weight: figures[nights[0]][f"blend {weight}"])
    last = chosen[nights[1]]
    random = np.random.default_rng(0)
    users = len(last["counts"])
    drawn = random.integers(0, users, (1000, users))
    behind = {
        name: np.quantile((last[f"blend {best}"] - last[name])[drawn].mean(axis=1), (0.025, 0.975)).round(4).tolist()
        for name in ("counts", "support", "blend 0.0")
    }
    return {"weight": best, "hit_rate": figures, "blend_beyond_ci": behind}


def read_purchases(lake: Lake, training_set: TrainingSet) -> Purchases:
    """Return what was bought from the training set's window to the end of the evaluation."""
    days = [day for day in list_days(lake, "events") if day <= training_set.run_date + dt.timedelta(days=DAYS + LATER)]
    paths = [
        f"{partition_folder('events', day)}/{path}"
        for day, manifest in load_days(lake, "events", days).items()
        for path in manifest.paths()
    ]
    table = read_table(lake, paths, ["user_id", "item_id", "event_type", "event_ts"])
    table = table.filter(pc.and_(pc.equal(table["event_type"], "purchase"), pc.is_valid(table["user_id"])))
    items = pc.index_in(table["item_id"], value_set=pa.array(training_set.item_ids.tolist())).fill_null(NOTHING)
    users = table["user_id"].combine_chunks().dictionary_encode().indices
    stamps = table["event_ts"].cast("int64").to_numpy()
    found = Purchases(users.to_numpy().astype(np.int64), items.to_numpy().astype(np.int32), stamps)
    known = found.items != NOTHING
    return Purchases(*(each[known] for each in found))


class Purchases(NamedTuple):
    """Equally long: whose, what, when (microseconds since 1970). A user's purchases of one moment are a basket."""

    users: Longs
    items: Integers
    stamps: Longs

    def where(self, chosen: Bools) -> Purchases:
        return Purchases(*(each[chosen] for each in self))


def measure(catalogue: Catalogue, training_set: TrainingSet, bought: Purchases) -> dict[str, Doubles]:
    """Return the hits of each query by method, summed up by user into means: (n_users,) each."""
    end = int(np.datetime64(training_set.run_date + dt.timedelta(days=1), "us").astype(np.int64))
    past, future = bought.where(bought.stamps < end), bought.where(bought.stamps >= end)
    counts, support = pairs(past, end, training_set.n_items)
    allowed = catalogue.rules.common.allowed
    lists = {
        "counts": best_of(counts, allowed),
        "support": best_of(support, allowed),
        **{
            f"blend {weight}": similar_lists(catalogue, FIRST, together=support, weight=weight).items
            for weight in WEIGHTS
        },
    }
    return {name: hit_rates(each, future, end) for name, each in lists.items()}


def pairs(past: Purchases, end: int, n_items: int) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Return shared baskets of items as counts, and as shares of the support that `include.sales.baskets` keeps."""
    _, baskets = np.unique(np.stack([past.users, past.stamps]), axis=1, return_inverse=True)
    matrix = sparse.csr_matrix((np.ones(len(baskets), np.float32), (baskets.ravel(), past.items)), dtype=np.float32)
    matrix.resize(matrix.shape[0], n_items)
    matrix.data[:] = 1
    ages = np.zeros(matrix.shape[0])
    ages[baskets.ravel()] = (end - past.stamps) / 86_400e6
    narrow = np.diff(matrix.indptr) <= MOST_IN_BASKET
    matrix, weights = matrix[narrow], (0.5 ** (ages / HALF_LIFE))[narrow]
    counts = sparse.csr_matrix(matrix.T @ matrix)
    weighted = sparse.coo_matrix(matrix.T @ sparse.diags(weights) @ matrix)
    single = np.asarray(matrix.T @ weights)
    expected = single[weighted.row] * single[weighted.col] / weights.sum()
    lift = (weighted.data + PRIOR) / (expected + PRIOR)
    support = np.asarray(counts[weighted.row, weighted.col]).ravel()
    kept = (weighted.row != weighted.col) & (lift > 1) & (support >= 2)
    items, others, scores = weighted.row[kept], weighted.col[kept], (weighted.data * np.log(lift))[kept]
    order = np.lexsort((-scores, items))
    place = np.arange(len(order)) - np.searchsorted(items[order], items[order])
    best = order[place < MOST_OTHERS]
    counts.setdiag(0)
    return counts, shares(items[best], others[best], support[kept][best].astype(np.float32), n_items)


def best_of(matrix: sparse.csr_matrix, allowed: Bools) -> Integers:
    """Return each row's best allowed columns: (n_rows, FIRST) int32."""
    dense = np.where(allowed, matrix.toarray(), 0)
    order = np.argsort(-dense, axis=1, kind="stable")[:, :FIRST].astype(np.int32)
    return np.where(np.take_along_axis(dense, order, axis=1) > 0, order, np.int32(NOTHING))


def hit_rates(lists: Integers, future: Purchases, end: int) -> Doubles:
    """Return each user's mean over the queries of the evaluation's days."""
    rates = []
    for user in np.unique(future.users[future.stamps < end + DAYS * 86_400_000_000]):
        own = future.where(future.users == user)
        hits = []
        for stamp in np.unique(own.stamps[own.stamps < end + DAYS * 86_400_000_000]):
            basket = own.items[own.stamps == stamp]
            soon = own.items[(own.stamps >= stamp) & (own.stamps <= stamp + LATER * 86_400_000_000)]
            hits += [bool((np.isin(lists[item], soon) & (lists[item] != item)).any()) for item in np.unique(basket)]
        rates.append(np.mean(hits))
    return np.array(rates)


if __name__ == "__main__":
    sys.exit(main())
