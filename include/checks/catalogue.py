"""Which items and users were known by a day, and how much of the catalogue was in stock before it and after."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.checks.figures import read_batches
from include.columns import IN_STOCK
from include.lake import Lake, Manifest, partition_folder

if TYPE_CHECKING:
    import pyarrow as pa

_DAY, _ROW = "day", "row"


@dataclass(frozen=True)
class Known:
    """Identifiers in order of their first delivery.

    Attributes
    ----------
    ids
        (n,) text, each once.
    first
        (n,) int32, the ordinal of the day on which each first came.
    """

    ids: pa.Array
    first: pa.Array

    def unknown(self, ids: Any, day: dt.date) -> Any:
        """Return, for each of `ids`, whether it is given but was not known by `day`; null where it is missing."""
        import pyarrow.compute as pc

        places = pc.index_in(ids, value_set=self.ids)
        later = pc.greater(self.first.take(places), day.toordinal())
        return pc.if_else(pc.is_null(ids), None, pc.or_kleene(pc.is_null(places), pc.fill_null(later, False)))


@dataclass(frozen=True)
class Stock:
    """The catalogue's size and the share of it in stock."""

    items: int
    share: float


def read_known(lake: Lake, table: str, key: str, days: Mapping[dt.date, Manifest]) -> Known:
    """Return what was delivered of items or users on `days`."""
    import pyarrow as pa

    rows = _read(lake, table, [key], days)
    found = rows.group_by(key).aggregate([(_DAY, "min")])
    first = found[f"{_DAY}_min"].combine_chunks().cast(pa.int32())
    return Known(found[key].combine_chunks().cast(pa.string()), first)


def read_stock(
    lake: Lake, table: str, key: str, days: Mapping[dt.date, Manifest], day: dt.date, *, whole: bool
) -> tuple[Stock, Stock]:
    """Return the state of the catalogue before `day`, which is one of `days`, and after it.

    Parameters
    ----------
    whole
        A day that brings rows brings all items that there are: two days are read, however many there are.
    """
    import pyarrow.compute as pc

    filled = {one: manifest for one, manifest in sorted(days.items()) if manifest.paths()}
    rows = _read(lake, table, [key, IN_STOCK], dict(list(filled.items())[-2:]) if whole else filled)
    before = pc.less(rows[_DAY], day.toordinal())
    after = pc.invert(before) if whole else pc.is_valid(before)
    return _stock(rows.filter(before), key), _stock(rows.filter(after), key)


def _stock(rows: pa.Table, key: str) -> Stock:
    """Return the state that rows in order of their days make; the latest one of an item counts."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = rows.filter(pc.is_valid(rows[IN_STOCK]))
    rows = rows.append_column(_ROW, pa.array(np.arange(rows.num_rows)))
    last = rows.group_by(key).aggregate([(_ROW, "max")])[f"{_ROW}_max"]
    available = rows[IN_STOCK].take(last)
    return Stock(len(last), (pc.sum(available).as_py() or 0) / max(1, len(last)))


def paths_of(table: str, day: dt.date, manifest: Manifest) -> list[str]:
    """Return a partition's files, relative to the lake's root."""
    return [f"{partition_folder(table, day)}/{path}" for path in manifest.paths()]


def _read(lake: Lake, table: str, columns: Sequence[str], days: Mapping[dt.date, Manifest]) -> Any:
    import pyarrow as pa

    types = {IN_STOCK: pa.bool_(), _DAY: pa.int32()}
    schema = pa.schema([(name, types.get(name, pa.string())) for name in (*columns, _DAY)])
    tables = [schema.empty_table()]
    for day, manifest in sorted(days.items()):
        for batch in read_batches(lake, paths_of(table, day, manifest), columns):
            ordinal = pa.array([day.toordinal()], pa.int32()).take(pa.array([0] * batch.num_rows, pa.int8()))
            tables.append(pa.Table.from_batches([batch]).append_column(_DAY, ordinal).cast(schema))
    return pa.concat_tables(tables)
