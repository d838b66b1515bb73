"""What a game day has shown: a file for programs, and the table of docs/game-day.md for people."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from devstack.game_day.exercise import Outcome

START, END = "<!-- generated: game day -->", "<!-- end -->"
HEAD = ("fault", "told after", "what the log said", "runbook page and steps", "recovered", "lists read, wrong rows")
LINE_LENGTH = 160
# A path of the machine is of no use to others; one of a server or a bucket is
SECRETIVE = re.compile(r"(?:file://|(?<![\w:/]))/(?:[\w.-]+/)+")


def write_json(outcomes: Sequence[Outcome], path: Path) -> None:
    """Write the outcomes."""
    path.write_text(json.dumps({"faults": [asdict(outcome) for outcome in outcomes]}, indent=1) + "\n")


def write_table(outcomes: Sequence[Outcome], page: Path) -> None:
    """Replace the rows of these faults in the page; other rows stay."""
    before, start, rest = page.read_text().partition(START)
    old, end, after = rest.partition(END)
    rows = {line.split("|")[1].strip(): line for line in old.strip().splitlines()[2:]}
    rows.update({outcome.name: _row(outcome) for outcome in outcomes})
    table = "\n".join([f"| {' | '.join(HEAD)} |", "|---" * len(HEAD) + "|", *rows.values()])
    page.write_text(f"{before}{start}\n{table}\n{end}{after}")


def _row(outcome: Outcome) -> str:
    line = SECRETIVE.sub("", outcome.line).replace("|", "\\|")
    told = "not at all" if outcome.alerted_after_s is None else f"{outcome.alerted_after_s:.0f} s"
    said = f"{line[:LINE_LENGTH]}{'...' if len(line) > LINE_LENGTH else ''}"
    steps, took = f"[{outcome.task}](runbook/{outcome.task}.md): {outcome.recovery}", f"in {outcome.recovery_s:.0f} s"
    if not outcome.task:
        told, said = "no need", "no task has failed for good"
        steps, took = "none: Airflow ran it again", "by itself"
    recovered = took if outcome.recovered else "no"
    cells = (outcome.name, told, said, steps, recovered, f"{outcome.lists_read}, {outcome.wrong_rows_seen}")
    return f"| {' | '.join(cells)} |"
