"""The runbook has a page for every task, and what it tells people to type exists."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from airflow.dag_processing.dagbag import BundleDagBag

from include.orchestration.runbook import sections
from include.settings import PROJECT, VARIABLES
from tests.jobs.lines import parse_line

TEXT = (PROJECT / "docs" / "runbook.md").read_text()


def test_every_task_has_a_page_with_what_it_does_its_failures_and_how_to_repeat_it() -> None:
    bag = BundleDagBag(str(PROJECT / "dags"), bundle_path=PROJECT / "dags", bundle_name="tests")
    tasks = {task.task_id for dag in bag.dags.values() for task in dag.tasks}
    assert set(sections()) == tasks
    for task_id, page in sections().items():
        for part in ("**Does.**", "**Fails with**", "**Clearing**", "**By hand:**"):
            assert part in page, f"{task_id} lacks {part}"


def test_every_job_command_is_understood_by_the_job() -> None:
    commands = re.findall(r"\.venv/bin/python -m jobs\.([a-z_]+)((?: [^`\n(]+)?)", TEXT)
    assert len(commands) >= 12
    for job, line in commands:
        parse_line(job, shlex.split(line.replace("<", "").replace(">", "")))


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)", TEXT))
    assert named and named <= targets


def test_every_variable_is_a_setting() -> None:
    named = set(re.findall(r"\b(?:NIGHTSHELF|LAKE|LANDING|SPARK)_[A-Z_]+\b", TEXT))
    assert named and named <= set(VARIABLES.values())


def test_every_file_exists() -> None:
    named = set(re.findall(r"`((?:docs|include)/[a-z_./-]+)`", TEXT))
    assert [name for name in named if not Path(PROJECT, name).exists()] == []
