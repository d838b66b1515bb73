"""The pages of docs/ say what is so: generated tables, links, commands, modules, files, settings."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from pathlib import Path

import pytest

from devstack.cli import arguments
from scripts.generate_docs import TABLES, with_table

PROJECT = Path(__file__).resolve().parent.parent
TRACKED = subprocess.run(["git", "ls-files"], cwd=PROJECT, check=True, capture_output=True, text=True).stdout.split(
    "\n"
)
NAMES = [name for name in TRACKED if name.endswith(".md") and not name.startswith("tests/")]
PAGES = {name: (PROJECT / name).read_text() for name in NAMES if (PROJECT / name).is_file()}
FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
FOLDERS = r"dags|deploy|devstack|docs|include|jobs|plugins|requirements|scripts|studies|tests"
FILE = re.compile(rf"(?<![\w./<-])(?:{FOLDERS})/[\w./-]*[\w/]|(?<![\w./-])requirements[\w-]*\.(?:in|txt)")
each_page = pytest.mark.parametrize("name", PAGES)


def code(page: str) -> str:
    """Return what is in code blocks and between backticks, one line each."""
    inline = re.findall(r"`([^`]+)`", FENCED.sub("", page))
    return "\n".join([*FENCED.findall(page), *(" ".join(span.split()) for span in inline)])


def anchors(page: str) -> set[str]:
    """Return the anchors that a forge makes of the headings."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", TABLES)
def test_generated_tables_are_up_to_date(name: str) -> None:
    marker, table = TABLES[name]
    assert PAGES[name] == with_table(PAGES[name], marker, table()), "run `make docs`"


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="<!-- generated: settings -->"):
        with_table("# A page\n", "settings", "| |\n")


@each_page
def test_links_and_anchors_lead_somewhere(name: str) -> None:
    folder = (PROJECT / name).parent
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", FENCED.sub("", PAGES[name])):
        path, _, anchor = target.partition("#")
        file = (folder / path).resolve() if path else PROJECT / name
        assert file.exists(), target
        assert not anchor or anchor in anchors(file.read_text()), target


@each_page
def test_make_targets_exist(name: str) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?<![\w-])make ([a-z][a-z0-9-]*)", code(PAGES[name]))) <= targets


@each_page
def test_commands_exist(name: str) -> None:
    for command in re.findall(r"(?m)(?:^|\.venv/bin/)nightshelf ([a-z-]+)", code(PAGES[name])):
        with pytest.raises(SystemExit, match="0"):
            arguments().parse_args([command, "--help"])


@each_page
def test_modules_exist(name: str) -> None:
    for module in re.findall(r"python -m ([a-z_0-9.]+[a-z_0-9])", code(PAGES[name])):
        assert importlib.util.find_spec(module), module


@each_page
def test_files_exist(name: str) -> None:
    assert [file for file in FILE.findall(code(PAGES[name])) if not (PROJECT / file).exists()] == []


def test_settings_exist() -> None:
    known = "\n".join(
        (PROJECT / name).read_text()
        for name in TRACKED
        if name.endswith((".py", ".yaml", ".sh", "Makefile", "Dockerfile")) and (PROJECT / name).is_file()
    )
    named = {variable for page in PAGES.values() for variable in re.findall(r"\bNIGHTSHELF_[A-Z_]+[A-Z]\b", page)}
    assert [name for name in sorted(named) if name.removesuffix("_FILE") not in known] == []
