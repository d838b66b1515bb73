"""Write the lists of columns and the reasons of docs/data-dictionary.md from the comments in a migrated database.

    python scripts/generate_dictionary.py [URL]     by default the analysts' database of the settings

Other text is kept: what is generated stands between two marker comments.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from include.serving.database import Connection, connect  # noqa: E402
from include.settings import load_settings  # noqa: E402
from scripts.generate_docs import markdown_list, markdown_table, with_table  # noqa: E402

PAGE = PROJECT / "docs" / "data-dictionary.md"
COLUMNS = """
SELECT c.relname, obj_description(c.oid), a.attname, format_type(a.atttypid, a.atttypmod),
    col_description(c.oid, a.attnum)
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = 'reco'::regnamespace AND c.relkind = 'v' AND c.relname <> 'serving'
ORDER BY c.oid, a.attnum
"""

Rows = Callable[[str], list[tuple[Any, ...]]]


def render(page: str, rows: Rows) -> str:
    """Return the page with what the database says; `rows` runs a query.

    A column that an earlier view has with the same type and meaning is only named.
    """
    views = []
    first: dict[tuple[str, ...], str] = {}  # column, type and meaning to the view that has them first
    for (name, meaning), columns in groupby(rows(COLUMNS), key=lambda row: row[:2]):
        own, others = [], defaultdict(list)
        for _, _, *column in columns:
            view = first.setdefault(tuple(column), name)
            if view == name:
                own.append("`{}` ({}): {}".format(*column))
            else:
                others[view].append(f"`{column[0]}`")
        own += [f"as in `reco.{view}`: {', '.join(names)}" for view, names in others.items()]
        views.append(f"### `reco.{name}`\n\n{meaning}\n\n{markdown_list(own)}\n")
    reasons = rows("SELECT reason, code, text FROM reco.reasons ORDER BY code")
    lines = ((f"`{reason}`", str(code), f"`{text}`") for reason, code, text in reasons)
    page = with_table(page, "reasons", markdown_table(("reason", "code", "what `reason_text` says"), lines))
    return with_table(page, "views", "\n" + "".join(views))


def _rows(connection: Connection) -> Rows:
    def run(query: str) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()

    return run


def main(url: str = "") -> None:
    """Write the page."""
    with connect(url or load_settings().analyst_url, "data dictionary") as connection:
        PAGE.write_text(render(PAGE.read_text(), _rows(connection)))


if __name__ == "__main__":
    main(*sys.argv[1:])
