"""The lists of a night besides the users' own: each kind is one function in `MAKERS`."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from include import columns as c
from include.features import TrainingSet
from include.lake import Artifact, Lake, write_table
from include.list_kinds import (
    AUDIENCE,
    BEST_SELLERS,
    BOUGHT_BEFORE,
    BOUGHT_TOGETHER,
    BUY_AGAIN,
    LIST_KINDS,
    POPULAR_BY_PLACEMENT,
    SIMILAR_ITEMS,
    TRENDING,
    ListKind,
)
from include.log import step
from include.policy import Policy
from include.ranking import Catalogue, UserSlice
from include.ranking.audience import audiences
from include.ranking.lists import popular_at
from include.ranking.rows import list_rows
from include.ranking.similar import shares, similar_lists
from include.ranking.sold import best_sellers, bought_before, bought_together, buy_again, trending
from include.sales.build import DUE, TOGETHER, TRENDS
from include.serving.load import table_digest

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Night:
    """What lists are made from.

    `sales` is what `count_sales` wrote, None where nobody counted; `own_lists` are the files of users' own lists.
    """

    run_date: dt.date
    policy: Policy
    lake: Lake
    artifact: Artifact
    sales: Artifact | None
    training_set: TrainingSet
    catalogue: Catalogue
    users: UserSlice
    spark: SparkSession
    threads: int
    own_lists: tuple[str, ...] = ()


class WrittenKind(NamedTuple):
    """The files of a kind's lists in the batch, what the manifest says of them, and the sum of their digests."""

    files: tuple[str, ...]
    counts: dict[str, int]
    digest: int


def _similar_items(night: Night) -> pa.Table:
    import pyarrow as pa

    kind, catalogue = LIST_KINDS[SIMILAR_ITEMS], night.catalogue
    policy = night.policy.lists.similar_items
    variants = night.training_set.item_features.values(policy.variants)[1] if policy.variants else None
    together = None
    if night.sales is not None and policy.together:
        table = night.sales.read_table(TOGETHER, [c.ITEM_INDEX, c.OTHER_INDEX, c.SUPPORT])
        items, others, support = (column.to_numpy() for column in table.itercolumns())
        together = shares(items, others, support.astype(np.float32), len(catalogue.item_ids))
    lists = similar_lists(
        catalogue, policy.top_n, together=together, weight=policy.together, variants=variants, threads=night.threads
    )
    return pa.Table.from_batches([list_rows(kind, catalogue.item_ids, "", lists, catalogue.names)])


def _popular_by_placement(night: Night) -> pa.Table | None:
    import pyarrow as pa

    kind, catalogue = LIST_KINDS[POPULAR_BY_PLACEMENT], night.catalogue
    made = [
        (segment, placement.name, popular_at(catalogue, placement, segment))
        for placement in catalogue.placements
        for segment in sorted({*catalogue.popularity, *placement.rules.profiles})
    ]
    rows = [list_rows(kind, np.array([key]), scope, lists, catalogue.names) for key, scope, lists in made]
    return pa.Table.from_batches([batch.cast(kind.schema) for batch in rows]) if rows else None


def _audience(night: Night) -> pa.Table | None:
    import pyarrow as pa

    kind, policy, users = LIST_KINDS[AUDIENCE], night.policy.lists.audience, night.users
    if policy.top_n is None or not users.factors.vectors.shape[1]:
        return None
    subjects, values, lists = audiences(
        night.catalogue, users, night.training_set, policy.top_n, policy.brand, night.threads
    )
    members = pa.array(users.user_ids.tolist(), pa.string())
    return pa.Table.from_batches([list_rows(kind, values, subjects, lists, night.catalogue.names, members=members)])


def _bought_together(night: Night) -> pa.Table | None:
    sales, n = night.sales, night.policy.sales.top_n
    return None if sales is None else bought_together(night.catalogue, sales.read_table(TOGETHER), n)


def _trending(night: Night) -> pa.Table | None:
    sales, n, categories = night.sales, night.policy.sales.top_n, night.training_set.categories
    return None if sales is None else trending(night.catalogue, categories, sales.read_table(TRENDS), n)


def _best_sellers(night: Night) -> pa.Table:
    return best_sellers(night.catalogue, night.training_set, night.policy.sales.top_n)


def _buy_again(night: Night) -> pa.Table | None:
    sales, n = night.sales, night.policy.sales.top_n
    return None if sales is None else buy_again(night.catalogue, night.training_set, sales.read_table(DUE), n)


def _bought_before(night: Night) -> pa.Table | None:
    import pyarrow.parquet as pq

    if night.users.own is None:
        return None
    filesystem, root = night.lake.filesystem()
    wanted = [c.USER_ID, c.ITEM_IDS, c.REASON_CODES]
    files = (pq.ParquetFile(f"{root}/{path}", filesystem=filesystem) for path in night.own_lists)
    lists = (rows for file in files for rows in file.iter_batches(columns=wanted))
    table = bought_before(night.training_set, night.training_set.at("all"), lists)
    return table if table.num_rows else None


MAKERS: Mapping[str, Callable[[Night], pa.Table | None]] = {
    POPULAR_BY_PLACEMENT: _popular_by_placement,
    SIMILAR_ITEMS: _similar_items,
    AUDIENCE: _audience,
    BOUGHT_TOGETHER: _bought_together,
    TRENDING: _trending,
    BEST_SELLERS: _best_sellers,
    BUY_AGAIN: _buy_again,
    BOUGHT_BEFORE: _bought_before,
}
"""By kind, what returns its rows, see `ListKind.schema`; None where there are no such lists."""


def write_kinds(night: Night, staged: str) -> dict[str, WrittenKind]:
    """Make and write the lists of every kind in `MAKERS`."""
    written = {}
    for name, make in MAKERS.items():
        with step(logger, f"making {name}"):
            table = make(night)
        if table is not None:
            written[name] = write_kind(night.lake, staged, LIST_KINDS[name], table)
    return written


def write_kind(lake: Lake, staged: str, kind: ListKind, table: pa.Table) -> WrittenKind:
    """Write a kind's lists into the staging folder of a batch."""
    import pyarrow.compute as pc

    lengths = pc.list_value_length(table[kind.lists[0]])
    counts = {
        "lists": table.num_rows,
        "full": pc.sum(pc.greater(lengths, 0)).as_py() or 0,
        "entries": pc.sum(lengths).as_py() or 0,
    }
    return WrittenKind((write_table(lake, staged, kind.name, table),), counts, table_digest(table, kind))
