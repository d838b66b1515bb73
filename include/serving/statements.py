"""SQL lives in files: one statement a file, `include/sql/<table>/<what>.sql`.

Values are `%(name)s` parameters. Where SQL takes no parameter, as for the name of a partition, the file says `{name}`
and `compose` puts a quoted identifier there.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.columns import SCOPE

if TYPE_CHECKING:
    from psycopg2.sql import Composed

    from include.list_kinds import ListKind

FOLDER = Path(__file__).resolve().parent.parent / "sql"


@cache
def statement(name: str) -> str:
    """Return the text of `include/sql/<name>.sql`, for instance `statement("live/flip")`."""
    return (FOLDER / f"{name}.sql").read_text()


def compose(name: str, **identifiers: str) -> Composed:
    """Return a statement with quoted identifiers in place of its `{name}` marks."""
    from psycopg2 import sql

    return sql.SQL(statement(name)).format(**{key: sql.Identifier(value) for key, value in identifiers.items()})


def compose_for(kind: ListKind, name: str, **identifiers: str) -> Composed:
    """Return a statement on a kind of lists.

    Its table is `{table}`, its columns are `{key}`, `{scope}` and `{arrays}`, `{lengths}` those of the arrays,
    `{names}` what makes a list unique, `{digest}` a row's digest, and `{content}` the columns as the lake has them.
    `{view}` is its view, with `{scope_text}` and `{member_name}`.
    """
    from psycopg2 import sql

    key, scope = sql.Identifier(kind.key), sql.Identifier(kind.scope)
    arrays = [sql.Identifier(name) for name in kind.arrays]
    listed = sql.SQL(", ").join(arrays)
    row = "hashtextextended({}, hashtextextended({}, hash_record_extended(ROW({}), 0)))"
    digest = sql.SQL(row).format(key, scope, listed)
    if kind.digested_as:
        digest = sql.SQL("hashtextextended({}, {})").format(sql.Literal(kind.digested_as), digest)
    casts = ["reco.item_ids({})" if kind.member == "item" else "{}", "{}::float8[]", "{}", "reco.item_ids({})"]
    content = [
        sql.SQL(f"{cast} AS {{}}").format(array, sql.Identifier(name))
        for cast, array, name in zip([*casts, *("{}::float8[]" for _ in kind.figures)], arrays, kind.lists, strict=True)
    ]
    return sql.SQL(statement(name)).format(
        table=sql.Identifier(kind.table),
        key=key,
        scope=scope,
        arrays=listed,
        lengths=sql.SQL(", ").join(sql.SQL("cardinality({})").format(array) for array in arrays),
        view=sql.Identifier(kind.name),
        scope_text=scope if kind.scope != SCOPE else sql.SQL("''"),
        member_name=sql.Identifier(kind.member_name),
        names=sql.SQL(", ").join(map(sql.Identifier, kind.unique)),
        digest=digest,
        content=sql.SQL(", ").join([key, scope, *content]),
        **{name: sql.Identifier(value) for name, value in identifiers.items()},
    )


def run(cursor: Any, name: str, /, **values: Any) -> list[Any]:
    """Execute `include/sql/<name>.sql` and return its rows, none for a statement that has no result."""
    cursor.execute(statement(name), values or None)
    return cursor.fetchall() if cursor.description else []
