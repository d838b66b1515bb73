"""A day's results by item and segment, for analysts."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from include.serving.statements import run

if TYPE_CHECKING:
    import pyarrow as pa

    from include.serving.database import Connection


def record_results(connection: Connection, variant: str, day: dt.date, batch_id: str, results: pa.Table) -> None:
    """Store the results of a day in place of those that it had; columns as `results_table` returns them."""
    with connection, connection.cursor() as cursor:
        run(cursor, "result/delete", variant=variant, day=day)
        run(cursor, "result/insert", variant=variant, day=day, batch_id=batch_id, **results.to_pydict())
