"""The runbook's page of each task, shown in the UI beside the failed task."""

from __future__ import annotations

import re
from functools import lru_cache

from airflow.sdk import DAG
from airflow.sdk.definitions.mappedoperator import MappedOperator

from include.settings import PROJECT

RUNBOOK = PROJECT / "docs" / "runbook.md"
HEADING = re.compile(r"^### ([a-z_]+)$", re.MULTILINE)
ANY_HEADING = re.compile(r"^#{1,3} ", re.MULTILINE)


@lru_cache(maxsize=1)
def sections() -> dict[str, str]:
    """Return the text below each `### task_id` heading of the runbook; an image without docs has none."""
    text = RUNBOOK.read_text() if RUNBOOK.is_file() else ""
    found = {}
    for heading in HEADING.finditer(text):
        rest = text[heading.end() :]
        end = ANY_HEADING.search(rest)
        found[heading[1]] = rest[: end.start() if end else None].strip()
    return found


def document(dag: DAG) -> None:
    """Hang its page of the runbook on every task of `dag`."""
    for task in dag.tasks:
        page = f"{sections().get(task.task_id, '')}\n\n`docs/runbook.md#{task.task_id}`".strip()
        if isinstance(task, MappedOperator):
            task.partial_kwargs["doc_md"] = page
        else:
            task.doc_md = page
