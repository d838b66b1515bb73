"""The runbook has a page for every task and alert, and what it tells people to type exists."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml
from airflow.dag_processing.dagbag import BundleDagBag

from include.settings import PROJECT, VARIABLES
from tests.jobs.lines import parse_line

FOLDER = PROJECT / "docs" / "runbook"
PAGES = {path.stem: path.read_text() for path in sorted(FOLDER.glob("*.md"))}
INDEX = (PROJECT / "docs" / "runbook.md").read_text()
TEXT = "\n".join([INDEX, *PAGES.values()])
PARTS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]
each_page = pytest.mark.parametrize("name", PAGES)


@pytest.fixture(scope="module")
def dags_of_tasks() -> dict[str, set[str]]:
    bag = BundleDagBag(str(PROJECT / "dags"), bundle_path=PROJECT / "dags", bundle_name="tests")
    found: dict[str, set[str]] = {}
    for dag in bag.dags.values():
        for task in dag.tasks:
            found.setdefault(task.task_id, set()).add(dag.dag_id)
    return found


def alerts() -> set[str]:
    groups = yaml.safe_load((PROJECT / "deploy" / "prometheus" / "rules.yml").read_text())["groups"]
    return {rule["alert"] for group in groups for rule in group["rules"]}


def test_every_task_and_every_alert_has_a_page_and_nothing_else_has(dags_of_tasks: dict[str, set[str]]) -> None:
    assert set(PAGES) == set(dags_of_tasks) | alerts()


def test_a_task_s_page_names_the_dags_that_have_it(dags_of_tasks: dict[str, set[str]]) -> None:
    for task, dags in dags_of_tasks.items():
        line = PAGES[task].splitlines()[2]
        assert line.startswith("Task of ") and set(re.findall(r"`(\w+)`", line)) == dags, f"{task}: {line}"


@each_page
def test_a_page_has_its_four_parts_and_none_is_empty(name: str) -> None:
    title, *parts = re.split(r"^## ", PAGES[name], flags=re.MULTILINE)
    assert title.startswith(f"# {name}\n")
    assert [part.partition("\n")[0] for part in parts] == PARTS
    assert all(part.partition("\n")[2].strip() for part in parts)


def test_the_index_links_every_page() -> None:
    assert set(re.findall(r"\]\(runbook/(\w+)\.md\)", INDEX)) == set(PAGES)


def test_whatever_is_to_be_cleared_is_a_task(dags_of_tasks: dict[str, set[str]]) -> None:
    named = set(re.findall(r"[Cc]lear(?:ing)?\s+`(\w+)`", TEXT))
    assert len(named) > 5 and named <= set(dags_of_tasks)


def test_whatever_is_to_be_triggered_is_a_dag(dags_of_tasks: dict[str, set[str]]) -> None:
    named = set(re.findall(r"(?:[Tt]rigger|run|[Uu]npause)\s+(?:the DAG\s+)?`(\w+)`", TEXT))
    assert len(named) > 3 and named <= set.union(*dags_of_tasks.values())


def test_every_job_command_is_understood_by_the_job() -> None:
    commands = re.findall(r"\.venv/bin/python -m jobs\.([a-z_]+)((?: [^`\n(]+)?)", TEXT)
    assert len(commands) >= 12
    for job, line in commands:
        parse_line(job, shlex.split(line.replace("<", "").replace(">", "")))


def test_every_job_named_exists() -> None:
    named = set(re.findall(r"\bjobs\.([a-z_]+)", TEXT))
    assert named and [job for job in named if not (PROJECT / "jobs" / f"{job}.py").is_file()] == []


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
