"""The runbook's words on a task, so that they stand in the UI beside the failed task."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

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


def step(task_id: str, *arguments: str, **options: Any) -> dict[str, Any]:
    """Return the operator arguments of the task `task_id`, its page of the runbook included.

    Parameters
    ----------
    task_id
        Also the job's name, unless `options` has `job`.
    arguments
        The job's command line; left out for a task that has none or is mapped over them.
    options
        Anything else that the operator takes.
    """
    page = sections().get(task_id, "")
    line = {"arguments": list(arguments)} if arguments else {}
    return {"task_id": task_id, "doc_md": f"{page}\n\n`docs/runbook.md#{task_id}`".strip(), **line, **options}
