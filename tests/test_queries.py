"""The worked queries of docs/queries.md run for an analyst, and answer what their titles ask."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from include.settings import PROJECT, Settings
from tests.databases import Database, fresh_copy
from tests.watched import WatchedShop

pytestmark = pytest.mark.postgres

PAGE = (PROJECT / "docs" / "queries.md").read_text()
QUERIES = dict(re.findall(r"^## \d+\. (.+?)\n.*?```sql\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE))


@pytest.fixture(scope="module")
def shop(postgres: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WatchedShop]:
    """Nine nights with results of the last day, and a model that was promoted."""
    from include.serving.database import WRITER, connect
    from include.serving.decisions import Decision, record_decision

    with fresh_copy(postgres) as database:
        watched = WatchedShop(Settings(home=tmp_path_factory.mktemp("queries")), database)
        for number in (0, 1, 8):
            watched.night(number, str(number + 1), good=number != 1)
        watched.ingest(9)
        watched.run("performance", 9)
        decision = Decision(dt.date(2026, 3, 9), "main", "promote", "9", "2", ["better"], {}, "f")
        with connect(database.writer_url, "tests", role=WRITER) as connection:
            record_decision(connection, decision)
        yield watched


def test_there_are_twelve() -> None:
    assert len(QUERIES) == 12


@pytest.mark.parametrize("title", QUERIES)
def test_a_query_runs_for_an_analyst(shop: WatchedShop, title: str) -> None:
    found = shop.database.rows(QUERIES[title], role="analyst")
    assert found or title.startswith(("Which items in stock", "How many rows of each night")), title


def test_the_figures_agree_with_each_other(shop: WatchedShop) -> None:
    asked = {title: shop.database.rows(query, role="analyst") for title, query in QUERIES.items()}
    users = sum(row[1] for row in asked["How many users of each country have a full list?"])
    assert users == sum(row[1] for row in asked["Who is cold: whose list names no item that they had?"]) == 300
    ((_, entries, overlap),) = asked["How much do lists change from week to week?"]
    assert entries == 3000 and 0 <= overlap <= 1
    assert sum(row[2] for row in asked["Why are items recommended?"]) == pytest.approx(1, abs=0.01)
    ((_, revenue, from_lists, _),) = asked["What did purchases earn that were in the list before?"]
    assert 0 < from_lists < revenue


def test_the_notebook_runs_and_is_stored_without_outputs(
    shop: WatchedShop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = PROJECT / "docs" / "notebooks" / "start.ipynb"
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert cells and not any(cell.outputs or cell.execution_count for cell in cells)
    monkeypatch.setenv("NIGHTSHELF_ANALYST_URL", shop.database.analyst_url)
    monkeypatch.setenv("NIGHTSHELF_HOME", str(tmp_path))
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
    shown = [str(output.get("data", {}).get("text/plain", "")) for cell in cells for output in cell.outputs]
    assert any("because" in text or "popular" in text or "taste" in text for text in shown)
    assert not any(output.output_type == "error" for cell in cells for output in cell.outputs)


def test_a_statement_of_an_analyst_ends_by_itself(postgres: Database) -> None:
    ((limit,),) = postgres.rows("SHOW statement_timeout", role="analyst")
    assert limit == "5min"
