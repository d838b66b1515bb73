"""What a job hands to the program that started it: its result, or why it failed, as one JSON file.

`NIGHTSHELF_OUTCOME` names an existing folder for the file. A job that a person starts in a shell has none: its result
goes to stdout.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from include.errors import AFTERWARDS, NO_HELP, NightshelfError

OUTCOME = "NIGHTSHELF_OUTCOME"
RESULT, ERROR = "result.json", "error.json"


class JobError(NightshelfError):
    """A job failed; problem, remedy and exit code are the job's own.

    Parameters
    ----------
    kind
        The class of the job's error, "" when the job ended without saying what was wrong.
    clearing
        What the job's error says of clearing the task.
    """

    def __init__(
        self, problem: str, *, remedy: str, exit_code: int, kind: str = "", clearing: str = AFTERWARDS
    ) -> None:
        super().__init__(problem, remedy=remedy)
        self.exit_code, self.kind, self.clearing = exit_code, kind, clearing

    @property
    def line(self) -> str:
        """The error in one line that begins with its kind."""
        return f"{self.kind}: {self}" if self.kind else str(self)


def hand_over(folder: str | None, result: Mapping[str, Any]) -> None:
    """Write a job's result into `folder`, or to stdout without one."""
    text = json.dumps(result, default=str)
    if folder:
        Path(folder, RESULT).write_text(text)
    else:
        sys.stdout.write(f"{text}\n")


def hand_over_error(folder: str | None, error: BaseException) -> None:
    """Write into `folder` why a job failed; without one the log has said it."""
    if not folder:
        return
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    values = {
        "kind": type(error).__name__,
        "problem": getattr(error, "problem", " ".join(lines[:2])),
        "remedy": getattr(error, "remedy", ""),
        "exit_code": getattr(error, "exit_code", 1),
        "clearing": getattr(error, "clearing", NO_HELP),
    }
    Path(folder, ERROR).write_text(json.dumps(values))


def find_result(folder: Path) -> dict[str, Any] | None:
    """Return the result that a job has written, None when it has written none."""
    found = _read(folder / RESULT)
    return dict(found) if isinstance(found, dict) else None


def find_error(folder: Path, log: str) -> JobError | None:
    """Return the error that a job has written, None when it has written none.

    Parameters
    ----------
    log
        Where a person reads on when the job knows no remedy, for it did not expect the error.
    """
    found = _read(folder / ERROR)
    if not isinstance(found, dict):
        return None
    found["remedy"] = found["remedy"] or f"read {log}"
    return JobError(found.pop("problem"), **found)


def _read(path: Path) -> object:
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None  # a job that is killed while it writes has written nothing
