"""The lists that come of what sold: bought together, trending, best sellers, buy again, bought before.

Pure functions on arrays: what `include.sales` counted, cut to what may be shown, best first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from include import columns as c
from include.columns import EVERYBODY
from include.features import Snapshot, TrainingSet
from include.list_kinds import BEST_SELLERS, BOUGHT_BEFORE, BOUGHT_TOGETHER, BUY_AGAIN, LIST_KINDS, TRENDING, ListKind
from include.ranking.catalogue import Catalogue
from include.ranking.reasons import Reason, entries
from include.types import NOTHING, Bools, Codes, Floats, Indices, Integers, Strings

ANY_CATEGORY = ""


@dataclass(frozen=True)
class Shelves:
    """Entries of many lists in any order, one position of each array an entry.

    Attributes
    ----------
    lists
        (n_lists,) of key and scope: what the lists are for.
    list_of
        Position of the entry's list.
    items, scores
        int32 positions and float32; of equal scores the item of the lower `order`, then position, is first.
    sources
        Positions of the items that the reason names, None: no item.
    figures
        Further numbers by name.
    """

    lists: Sequence[tuple[str, str]]
    list_of: Indices
    items: Integers
    scores: Floats
    figures: Mapping[str, Floats]
    sources: Integers | None = None
    order: Indices | Floats | None = None

    def where(self, kept: Bools) -> Shelves:
        """Return the entries that are kept, of the same lists."""
        names = ("list_of", "items", "scores", "sources", "order")
        parts = {name: values[kept] for name in names if (values := getattr(self, name)) is not None}
        return replace(self, figures={name: values[kept] for name, values in self.figures.items()}, **parts)

    def table(self, kind: ListKind, item_ids: Strings, reasons: Reason | Codes, n: int) -> pa.Table:
        """Return the lists that have entries, the best `n` of each, see `ListKind.schema`.

        Parameters
        ----------
        reasons
            One for all entries, or one for each.
        """
        ties = self.items if self.order is None else self.order
        ranked = np.lexsort((self.items, ties, -self.scores, self.list_of))
        first = np.searchsorted(self.list_of[ranked], np.arange(len(self.lists)))
        chosen = ranked[np.arange(len(ranked)) - first[self.list_of[ranked]] < n]
        lengths = np.bincount(self.list_of[chosen], minlength=len(self.lists))
        offsets = pa.array(np.concatenate([[0], np.cumsum(lengths[lengths > 0])]), pa.int32())
        there = np.flatnonzero(lengths).tolist()
        sources = np.full(len(chosen), NOTHING) if self.sources is None else self.sources[chosen]
        names = pa.array(item_ids.tolist(), pa.string())
        columns = [
            names.take(pa.array(self.items[chosen])),
            pa.array(self.scores[chosen], pa.float32()),
            pa.array(np.broadcast_to(np.int8(reasons), self.items.shape)[chosen]),
            names.take(pa.array(sources, mask=sources == NOTHING)),
            *(pa.array(self.figures[name][chosen], pa.float32()) for name in kind.figures),
        ]
        keys, scopes = ([self.lists[place][part] for place in there] for part in (0, 1))
        lists = [pa.ListArray.from_arrays(offsets, values) for values in columns]
        arrays = [pa.array(keys, pa.string()), pa.array(scopes, pa.string()), *lists]
        return pa.table(dict(zip(kind.columns, arrays, strict=True))).cast(kind.schema)


def bought_together(catalogue: Catalogue, together: pa.Table, n: int) -> pa.Table:
    """Return what is bought with each item, most telling first; key: item_id; figures: support, lift.

    Parameters
    ----------
    together
        See `include.sales.baskets.pair_rows`.
    """
    others = _column(together, c.OTHER_INDEX)
    shown = catalogue.rules.common.allowed[others]
    own = _column(together, c.ITEM_INDEX)[shown]
    keys, list_of = np.unique(own, return_inverse=True)
    found = Shelves(
        lists=[(name, "") for name in catalogue.item_ids[keys].tolist()],
        list_of=list_of,
        items=others[shown],
        scores=_column(together, c.SCORE)[shown],
        figures={name: _column(together, name)[shown] for name in (c.SUPPORT, c.LIFT)},
        sources=own,
    )
    return found.table(LIST_KINDS[BOUGHT_TOGETHER], catalogue.item_ids, Reason.BOUGHT_TOGETHER, n)


def trending(catalogue: Catalogue, categories: Strings, trends: pa.Table, n: int) -> pa.Table:
    """Return what sells above its usual, by category and segment; key: category; figures: sold, expected.

    The category "" is all of them; the segment "everybody" is all users. Where nothing sells above its usual, or there
    is no earlier week to tell what is usual, the list holds the best sellers of the last days, with that reason.

    Parameters
    ----------
    categories
        (n_items,) "" where it is unknown.
    trends
        See `include.sales.trends.trend_rows`.
    """
    segments = np.array(trends[c.SEGMENT].to_pylist(), dtype=np.str_)
    items = _column(trends, c.ITEM_INDEX)
    shown = _allowed(catalogue, segments, items)
    sold, expected, growth = (_column(trends, name)[shown] for name in (c.OBSERVED, c.EXPECTED, c.GROWTH))
    figures = {c.SOLD: sold, c.EXPECTED: expected, c.GROWTH: growth}
    found = _by_category(categories, segments[shown], items[shown], sold, figures)
    growth = found.figures[c.GROWTH]
    above = growth > 1  # not where it is unknown
    compared = np.isin(found.list_of, found.list_of[above])
    reasons = np.where(compared, Reason.TRENDING, Reason.BEST_SELLER)
    found = replace(found, scores=np.where(compared, growth, found.scores))
    kept = above | ~compared
    return found.where(kept).table(LIST_KINDS[TRENDING], catalogue.item_ids, reasons[kept], n)


def best_sellers(catalogue: Catalogue, training_set: TrainingSet, n: int) -> pa.Table:
    """Return what most users bought lately, by category and segment; key: category; figure: sold.

    The lists of everybody hold unsold items too, newest first: no category that has an item is empty.
    """
    n_items = len(catalogue.item_ids)
    own, sold, names = [], [], []
    for name, popularity in catalogue.popularity.items():
        own.append(np.arange(n_items, dtype=np.int32) if name == EVERYBODY else popularity.items)
        sold.append(popularity.dense(n_items)[own[-1]])
        names.append(np.full(len(own[-1]), name))
    items, scores, segments = np.concatenate(own), np.concatenate(sold), np.concatenate(names)
    shown = _allowed(catalogue, segments, items)
    newest = -training_set.first_seen_on.astype(np.int64)
    sold_here = scores[shown]
    found = _by_category(training_set.categories, segments[shown], items[shown], sold_here, {c.SOLD: sold_here}, newest)
    return found.table(LIST_KINDS[BEST_SELLERS], catalogue.item_ids, Reason.BEST_SELLER, n)


def buy_again(catalogue: Catalogue, training_set: TrainingSet, due: pa.Table, n: int) -> pa.Table:
    """Return what users are due to buy again; key: user_id; figures: purchases (days), days_until_due.

    Parameters
    ----------
    due
        See `include.sales.rhythm.due_rows`.
    """
    users, items = _column(due, c.USER_INDEX), _column(due, c.ITEM_INDEX)
    shown = _allowed(catalogue, training_set.segments[users], items)
    keys, list_of = np.unique(users[shown], return_inverse=True)
    days = _column(due, c.DUE_ON)[shown].astype("datetime64[D]") - np.datetime64(training_set.run_date, "D")
    found = Shelves(
        lists=[(name, "") for name in training_set.user_ids[keys].tolist()],
        list_of=list_of,
        items=items[shown],
        scores=_column(due, c.SCORE)[shown],
        figures={c.PURCHASES: _column(due, c.PURCHASES)[shown], c.DAYS_UNTIL_DUE: days.astype(np.float32)},
    )
    return found.table(LIST_KINDS[BUY_AGAIN], catalogue.item_ids, Reason.DUE_AGAIN, n)


def bought_before(training_set: TrainingSet, snapshot: Snapshot, lists: Iterable[pa.RecordBatch]) -> pa.Table:
    """Return what users' lists hold because they bought it; key: user_id; figures: purchases, days_since.

    Days are counted to the day after the snapshot's, which the lists are for.

    Parameters
    ----------
    lists
        user_id, item_ids and reason_codes of all lists that users have.
    """
    named = pa.concat_tables([_NO_ENTRIES, *map(_bought_again, lists)])
    known = (training_set.user_ids, training_set.item_ids)
    positions = [
        pc.index_in(column, pa.array(ids.tolist(), pa.string())).to_numpy()
        for column, ids in zip(named.columns, known, strict=True)
    ]
    users, items = np.unique(np.stack(positions), axis=1)
    bought, (keys, list_of) = snapshot.bought, np.unique(users, return_inverse=True)
    day = np.datetime64(snapshot.day, "D") + 1
    ago = sparse.csr_matrix(((day - snapshot.bought_on).astype(np.int32), bought.indices, bought.indptr), bought.shape)
    times, days = (entries(each, users, items) for each in (bought, ago))
    found = Shelves(
        lists=[(name, "") for name in training_set.user_ids[keys].tolist()],
        list_of=list_of,
        items=items,
        scores=times,
        figures={c.PURCHASES: times, c.DAYS_SINCE: days},
        order=days,
    )
    return found.table(LIST_KINDS[BOUGHT_BEFORE], training_set.item_ids, Reason.BOUGHT_AGAIN, len(items))


_NO_ENTRIES = pa.schema([(c.USER_ID, pa.string()), (c.ITEM_ID, pa.string())]).empty_table()


def _bought_again(rows: pa.RecordBatch) -> pa.Table:
    """Return users and items of the entries with the reason `bought_again`, as `_NO_ENTRIES`."""
    there = pc.equal(pc.list_flatten(rows[c.REASON_CODES]), int(Reason.BOUGHT_AGAIN))
    owners = rows[c.USER_ID].take(pc.list_parent_indices(rows[c.ITEM_IDS]).filter(there))
    members = pc.list_flatten(rows[c.ITEM_IDS]).filter(there)
    return pa.table([owners, members], _NO_ENTRIES.schema.names).cast(_NO_ENTRIES.schema)


def _by_category(
    categories: Strings,
    segments: Strings,
    items: Integers,
    scores: Floats,
    figures: Mapping[str, Floats],
    order: Indices | None = None,
) -> Shelves:
    """Put each entry into the list of its category, and into that of all."""
    named = np.flatnonzero(categories[items] != ANY_CATEGORY)
    twice = np.concatenate([np.arange(len(items)), named])
    category = np.concatenate([np.full(len(items), ANY_CATEGORY), categories[items[named]]])
    (keys, key), (scopes, scope) = (np.unique(all, return_inverse=True) for all in (category, segments[twice]))
    numbers, list_of = np.unique(key * max(1, len(scopes)) + scope, return_inverse=True)
    return Shelves(
        lists=[(str(keys[number // len(scopes)]), str(scopes[number % len(scopes)])) for number in numbers],
        list_of=list_of,
        items=items[twice],
        scores=scores[twice],
        figures={name: values[twice] for name, values in figures.items()},
        order=None if order is None else order[items[twice]],
    )


def _allowed(catalogue: Catalogue, segments: Strings, items: Integers) -> Bools:
    """Tell for each entry whether its segment may see its item."""
    allowed = catalogue.rules.common.allowed[items]
    for segment, profile in catalogue.rules.profiles.items():
        here = segments == segment
        allowed[here] = profile.allowed[items[here]]
    return allowed


def _column(table: pa.Table, name: str) -> Any:
    return table[name].to_numpy()
