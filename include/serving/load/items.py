"""The item dimension and the popular items, which a batch brings along as small tables."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from include.errors import PublishError
from include.serving.batch import Batch
from include.serving.load.hashing import Array
from include.serving.load.lists import Coded
from include.serving.statements import run, statement
from include.types import NOTHING

if TYPE_CHECKING:
    import pyarrow as pa

    from include.serving.database import Connection

KNOWN = 16  # as many columns as several threads read at once


class ItemKeys:
    """Item ids to the keys of the item dimension.

    Parameters
    ----------
    keys
        item_id to item_key, everything that the dimension holds.
    """

    def __init__(self, keys: dict[str, int]) -> None:
        import pyarrow as pa

        self._ids = pa.array(list(keys), "string")
        self._keys = np.fromiter(keys.values(), np.int32, len(keys))
        self._known: list[tuple[pa.Array, Array]] = []

    @property
    def highest(self) -> int:
        """The highest key, 0 when there is none."""
        return int(self._keys.max(initial=0))

    def of(self, coded: Coded) -> Array:
        """Return the item key, int32, of each name of a column.

        Raises
        ------
        PublishError
            When an item that a list holds is not in the dimension, naming it.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        for names, keys in self._known:
            if names.equals(coded.names):
                return keys  # a row group's batches have the same names
        places = pc.index_in(coded.names.cast(pa.string()), value_set=self._ids)
        if places.null_count:
            self._refuse_unknown(coded, places)
        found = places.fill_null(0).to_numpy(zero_copy_only=False)
        keys = self._keys[found] if len(self._keys) else np.zeros(len(found), np.int32)
        self._known = [(coded.names, keys), *self._known][:KNOWN]  # replaced whole: several threads ask
        return keys

    def _refuse_unknown(self, coded: Coded, places: pa.Array) -> None:
        unknown = places.is_null().to_numpy(zero_copy_only=False)
        used = coded.codes[coded.codes != NOTHING]
        wrong = used[unknown[used]]
        if len(wrong):
            raise PublishError(
                f"the lists name item {coded.names[int(wrong[0])].as_py()!r}, which the batch's items do not hold",
                remedy="delete the batch's folder and clear task score",
            )


def item_keys(connection: Connection, batch: Batch) -> ItemKeys:
    """Return the keys of all items after adding the batch's to the dimension."""
    with connection, connection.cursor() as cursor:
        store_items(cursor, batch)
        return ItemKeys(dict(run(cursor, "item/keys")))


def store_items(cursor: Any, batch: Batch, *, update: bool = False) -> None:
    """Put the batch's items into the shared dimension; change those that are there only when asked.

    Attributes change in the transaction that switches readers to the batch, not before.
    """
    run(cursor, "item/create_incoming")
    cursor.copy_expert(statement("item/copy_incoming"), _as_csv(batch.items()))
    run(cursor, "item/update_changed" if update else "item/insert_new", run_date=batch.run_date)


def store_popular(cursor: Any, batch: Batch, build: int) -> None:
    """Store the batch's popular items as a build's."""
    run(cursor, "popular/create_incoming")
    cursor.copy_expert(statement("popular/copy_incoming"), _as_csv(batch.popular()))
    run(cursor, "popular/insert", build=build)


def same_popular(cursor: Any, batch: Batch, build: int) -> bool:
    """Tell whether a build's popular items are the batch's."""
    return set(run(cursor, "popular/stored", build=build)) == {
        tuple(row.values()) for row in batch.popular().to_pylist()
    }


def _as_csv(table: pa.Table) -> io.BytesIO:
    """Return the rows as CSV in which a null is nothing and a text is quoted, as COPY reads them."""
    import pyarrow.csv

    target = io.BytesIO()
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
    pyarrow.csv.write_csv(table, target, options)
    target.seek(0)
    return target
