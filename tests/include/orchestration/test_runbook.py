"""The runbook's pages reach the tasks."""

from __future__ import annotations

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

from include.orchestration import runbook
from include.orchestration.runbook import document, sections


def pages() -> dict[str, str | None]:
    """Return what stands on each task of a documented DAG."""
    with DAG("d", schedule=None) as dag:
        EmptyOperator(task_id="keep")
        EmptyOperator.partial(task_id="mapped").expand(doc=["a", "b"])
    document(dag)
    return {task.task_id: task.doc_md for task in dag.tasks}


def test_sections_end_at_the_next_heading(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    page = tmp_path / "runbook.md"
    page.write_text("# R\n\n### train\n\nTrains.\n\n#### Detail\nMore.\n\n### keep\nKeeps.\n\n## Other\nNo.\n")
    monkeypatch.setattr(runbook, "RUNBOOK", page)
    sections.cache_clear()
    try:
        assert sections() == {"train": "Trains.\n\n#### Detail\nMore.", "keep": "Keeps."}
        assert pages() == {
            "keep": "Keeps.\n\n`docs/runbook.md#keep`",
            "mapped": "`docs/runbook.md#mapped`",
        }
        monkeypatch.setattr(runbook, "RUNBOOK", tmp_path / "nothing.md")
        sections.cache_clear()
        assert pages()["keep"] == "`docs/runbook.md#keep`"
    finally:
        sections.cache_clear()
