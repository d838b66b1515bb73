"""SQL lives in files: one statement a file, `include/sql/<table>/<what>.sql`.

Values are `%(name)s` parameters. Where SQL takes no parameter, as for the name of a partition, the file says `{name}`
and `compose` puts a quoted identifier there.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg2.sql import Composed

FOLDER = Path(__file__).resolve().parent.parent / "sql"


@cache
def statement(name: str) -> str:
    """Return the text of `include/sql/<name>.sql`, for instance `statement("live/flip")`."""
    return (FOLDER / f"{name}.sql").read_text()


def compose(name: str, **identifiers: str) -> Composed:
    """Return a statement with quoted identifiers in place of its `{name}` marks."""
    from psycopg2 import sql

    return sql.SQL(statement(name)).format(**{key: sql.Identifier(value) for key, value in identifiers.items()})


def run(cursor: Any, name: str, /, **values: Any) -> list[Any]:
    """Execute `include/sql/<name>.sql` and return its rows, none for a statement that has no result."""
    cursor.execute(statement(name), values or None)
    return cursor.fetchall() if cursor.description else []
