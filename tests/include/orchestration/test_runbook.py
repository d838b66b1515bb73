"""The runbook's pages reach the tasks, with links that lead somewhere from the UI."""

from __future__ import annotations

from pathlib import Path

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

from include.orchestration import runbook
from include.orchestration.runbook import document

FORGE = "https://forge.example.org/shop/"


def pages() -> dict[str, str | None]:
    """Return what is hung on each task of a documented DAG."""
    with DAG("d", schedule=None) as dag:
        EmptyOperator(task_id="keep")
        EmptyOperator.partial(task_id="mapped").expand(doc=["a", "b"])
    document(dag)
    return {task.task_id: task.doc_md for task in dag.tasks}


def test_a_task_carries_its_page_and_an_image_without_docs_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "docs" / "runbook"
    folder.mkdir(parents=True)
    (folder / "keep.md").write_text("# keep\n\nSee [memory](../runbook.md#memory) and [gate](gate.md).\n")
    monkeypatch.setattr(runbook, "PROJECT", tmp_path)
    assert pages() == {
        "keep": "# keep\n\nSee memory (`docs/runbook.md#memory`) and gate (`docs/runbook/gate.md`).\n\n"
        "Runbook: docs/runbook/keep.md",
        "mapped": "Runbook: docs/runbook/mapped.md",
    }
    monkeypatch.setenv("NIGHTSHELF_RUNBOOK_URL", FORGE)
    assert pages() == {
        "keep": f"# keep\n\nSee [memory]({FORGE}docs/runbook.md#memory) and [gate]({FORGE}docs/runbook/gate.md).\n\n"
        f"Runbook: {FORGE}docs/runbook/keep.md",
        "mapped": f"Runbook: {FORGE}docs/runbook/mapped.md",
    }
