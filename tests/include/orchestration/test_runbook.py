"""The runbook's pages reach the tasks."""

from __future__ import annotations

from include.orchestration import runbook
from include.orchestration.runbook import sections, step


def test_sections_end_at_the_next_heading(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    page = tmp_path / "runbook.md"
    page.write_text("# R\n\n### train\n\nTrains.\n\n#### Detail\nMore.\n\n### keep\nKeeps.\n\n## Other\nNo.\n")
    monkeypatch.setattr(runbook, "RUNBOOK", page)
    sections.cache_clear()
    try:
        assert sections() == {"train": "Trains.\n\n#### Detail\nMore.", "keep": "Keeps."}
        assert step("keep", "--date", "x", pool="p") == {
            "task_id": "keep",
            "doc_md": "Keeps.\n\n`docs/runbook.md#keep`",
            "arguments": ["--date", "x"],
            "pool": "p",
        }
        monkeypatch.setattr(runbook, "RUNBOOK", tmp_path / "nothing.md")
        sections.cache_clear()
        assert step("keep") == {"task_id": "keep", "doc_md": "`docs/runbook.md#keep`"}
    finally:
        sections.cache_clear()
