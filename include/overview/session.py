"""The analysts' login, for programs that answer people: read only, and no statement may take long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from include.serving.database import connect
from include.serving.statements import run

if TYPE_CHECKING:
    from include.settings import Settings

Row: TypeAlias = dict[str, Any]
STATEMENT, LOCK = "3s", "1s"


@contextmanager
def reading(settings: Settings, application: str) -> Iterator[Any]:
    """Give a cursor that sees one state of the database for the length of a `with`.

    Raises
    ------
    ConfigurationError, DatabaseError
        As `connect` does; a statement that takes longer than 3 s is a DatabaseError.
    """
    with connect(settings.analyst_url, application) as connection:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with connection, connection.cursor() as cursor:
            run(cursor, "session/set_timeouts", statement=STATEMENT, lock=LOCK)
            run(cursor, "session/without_jit")
            yield cursor


def rows(cursor: Any, name: str, **values: Any) -> list[Row]:
    """Return the rows of `include/sql/overview/<name>.sql`, by column."""
    found = run(cursor, f"overview/{name}", **values)
    columns = [column.name for column in cursor.description]
    return [dict(zip(columns, row, strict=True)) for row in found]
