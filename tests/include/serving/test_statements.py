"""SQL files: each is used, and takes values as parameters only."""

import re

import pytest

from include.serving.statements import FOLDER, compose, statement
from include.settings import PROJECT

FILES = sorted(path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.glob("*/*.sql"))
# What code puts there, none of it a value: names, quoted, and pieces of SQL from `include`
MARKS = {
    "partition", "parent", "table", "view", "key", "scope", "scope_text", "member_name", "names", "arrays", "lengths",
    "content", "digest", "call",
}  # fmt: skip
STATEMENTS = [name for name in FILES if not name.startswith("migrations/")]
SOURCES = "".join(path.read_text() for part in (FOLDER.parent, PROJECT / "devstack") for path in part.rglob("*.py"))
COMPUTED = [re.sub(r"\{\w+\}", r"\\w+", name) for name in re.findall(r'f"([a-z_]+/\w*\{\w+\}\w*)"', SOURCES)]


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_is_used_by_name(name: str) -> None:
    computed = any(re.fullmatch(pattern, name) for pattern in COMPUTED)
    assert f'"{name}"' in SOURCES or computed


@pytest.mark.parametrize("name", STATEMENTS)
def test_values_are_named_parameters(name: str) -> None:
    # %I is of the server's own format(), in a block that takes no values; %% is a percent sign
    text = statement(name).replace("%I", "").replace("%%", "")
    assert not re.search(r"%(?!\(\w+\)s)", text)
    assert not set(re.findall(r"\{(\w*)\}", text)) - MARKS


def test_identifiers_are_quoted() -> None:
    from psycopg2 import sql

    composed = compose("shelf/drop", partition='shelf"; drop')
    assert sql.Identifier('shelf"; drop') in composed.seq
