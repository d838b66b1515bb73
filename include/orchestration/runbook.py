"""The runbook: a page for each task and each alert, shown in the UI beside the task and linked from notifications."""

from __future__ import annotations

import posixpath
import re

from airflow.sdk import DAG
from airflow.sdk.definitions.mappedoperator import MappedOperator

from include.settings import PROJECT, Settings, load_settings

FOLDER = "docs/runbook"
LINK = re.compile(r"\[([^\]]+)\]\((?!https?:)([^)]+)\)")  # to another page of this project


def runbook_url(name: str, settings: Settings) -> str:
    """Return where the page of a task or an alert is: an address, or a path in the project where none is set."""
    return f"{settings.runbook_url}{FOLDER}/{name}.md"


def document(dag: DAG) -> None:
    """Hang its page of the runbook on every task of `dag`."""
    settings = load_settings()
    for task in dag.tasks:
        page = f"{_text(task.task_id, settings)}\n\nRunbook: {runbook_url(task.task_id, settings)}".strip()
        if isinstance(task, MappedOperator):
            task.partial_kwargs["doc_md"] = page
        else:
            task.doc_md = page


def _text(name: str, settings: Settings) -> str:
    """Return a page with links that lead somewhere from the UI, too; an image without docs has none."""
    path = PROJECT / FOLDER / f"{name}.md"
    if not path.is_file():
        return ""

    def link(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(FOLDER, found[2]))
        return f"[{found[1]}]({settings.runbook_url}{target})" if settings.runbook_url else f"{found[1]} (`{target}`)"

    return LINK.sub(link, path.read_text().strip())
