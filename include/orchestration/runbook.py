"""The runbook's page of each task, shown in the UI beside the failed task."""

from __future__ import annotations

import re
from functools import lru_cache

from airflow.sdk import DAG
from airflow.sdk.definitions.mappedoperator import MappedOperator

from include.settings import PROJECT

RUNBOOK = PROJECT / "docs" / "runbook.md"
TASK = re.compile(r"[a-z_]+")
HEADING = re.compile(r"^(#{1,3}) (.*)$", re.MULTILINE)


@lru_cache(maxsize=1)
def sections() -> dict[str, str]:
    """Return the text below each `### task_id` heading of the runbook; an image without docs has none."""
    text = RUNBOOK.read_text() if RUNBOOK.is_file() else ""
    _, *parts = HEADING.split(text)
    headings = zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    return {title: page.strip() for level, title, page in headings if level == "###" and TASK.fullmatch(title)}


def document(dag: DAG) -> None:
    """Hang its page of the runbook on every task of `dag`."""
    for task in dag.tasks:
        page = f"{sections().get(task.task_id, '')}\n\n`docs/runbook.md#{task.task_id}`".strip()
        if isinstance(task, MappedOperator):
            task.partial_kwargs["doc_md"] = page
        else:
            task.doc_md = page
