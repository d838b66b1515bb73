"""docs/data-dictionary.md says what the database says, and its examples run for an analyst."""

import re
from pathlib import Path

import pytest

from include.lake import Lake
from include.serving.publish import publish
from scripts.generate_dictionary import render
from tests.batches import write_batch, write_day
from tests.databases import Database

pytestmark = pytest.mark.postgres

PAGE = (Path(__file__).parent.parent / "docs" / "data-dictionary.md").read_text()
EXAMPLES = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
INTERNAL = {"serving"}
COLUMNS = """
SELECT c.relname, obj_description(c.oid), a.attname, format_type(a.atttypid, a.atttypmod),
    col_description(c.oid, a.attnum)
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = 'reco'::regnamespace AND c.relkind = 'v'
ORDER BY c.relname, a.attnum
"""


def documented() -> dict[str, tuple[str, list[tuple[str, ...]]]]:
    """View to its description and its rows (column, type, meaning) as the page has them."""
    sections = re.split(r"^### `reco\.(\w+)`\n\n", PAGE, flags=re.MULTILINE)[1:]
    views: dict[str, tuple[str, list[tuple[str, ...]]]] = {}
    for name, text in zip(sections[::2], sections[1::2], strict=True):
        body = text.split("\n## ")[0].replace("\n  ", " ")
        rows = re.findall(r"^- `(\w+)` \(([^)]+)\): (.+)$", body, flags=re.MULTILINE)
        for view, columns in re.findall(r"^- as in `reco\.(\w+)`: (.+)$", body, flags=re.MULTILINE):
            there = {row[0]: row for row in views[view][1]}
            rows += [there[column] for column in re.findall(r"`(\w+)`", columns)]
        views[name] = (body.split("\n\n")[0], sorted(rows))
    return views


def test_the_page_is_what_is_generated(postgres: Database) -> None:
    assert render(PAGE, postgres.rows) == PAGE, "run scripts/generate_dictionary.py"


def test_every_view_and_column_with_type_and_meaning(postgres: Database) -> None:
    stored: dict[str, tuple[str, list[tuple[str, ...]]]] = {}
    for view, meaning, *column in postgres.rows(COLUMNS):
        if view not in INTERNAL:
            stored.setdefault(view, (meaning, []))[1].append(tuple(column))
    assert documented() == {view: (meaning, sorted(columns)) for view, (meaning, columns) in stored.items()}


def test_the_function_and_its_columns(postgres: Database) -> None:
    ((arguments, result),) = postgres.rows(
        "SELECT pg_get_function_arguments(oid), pg_get_function_result(oid) FROM pg_proc WHERE proname = 'recommend'"
    )
    section = PAGE.split("## For applications")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section, flags=re.MULTILINE)
    assert result == "SETOF reco.recommendation"
    assert rows == postgres.rows(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
        "WHERE attrelid = 'reco.recommendation'::regclass AND attnum > 0 ORDER BY attnum"
    )
    assert f"reco.recommend({arguments.replace('::text', '')})" in section


def test_reasons(postgres: Database) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \|", PAGE.split("## Reasons")[1].split("\n## ")[0], flags=re.MULTILINE)
    assert [(name, int(code)) for name, code in rows] == postgres.rows(
        "SELECT name, code::int FROM reco.reason ORDER BY code"
    )


def test_roles(postgres: Database) -> None:
    section = PAGE.split("## Roles")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (\w+)", section, flags=re.MULTILINE))
    there = postgres.rows("SELECT rolname, rolcanlogin FROM pg_roles WHERE rolname !~ '^pg_' AND NOT rolsuper")
    assert rows == {name: "login" if login else "group" for name, login in there}


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 4


@pytest.mark.parametrize("query", EXAMPLES)
def test_examples_run_for_an_analyst_and_find_something(database: Database, lake: Lake, query: str) -> None:
    write_day(lake)
    publish(database.writer_url, write_batch(lake), keep_batches=2)
    assert database.rows(query.replace("12347", "u0001"), role="analyst")
