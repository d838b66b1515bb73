"""The import directions hold, and the rules would notice if they did not."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

from include.settings import PROJECT

PARTS = ("include", "jobs", "dags", "plugins", "devstack", "studies")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run([program, "--no-cache", "--no-logo"], cwd=folder, capture_output=True, text=True)


def test_the_import_directions_hold() -> None:
    done = lint(PROJECT)
    assert done.returncode == 0, done.stdout


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Imports inside functions count; those for type checking alone do not."""
    parts = [part for part in PARTS if part != "plugins"]
    graph = grimp.build_graph(*parts, exclude_type_checking_imports=True, cache_dir=None)
    circles = [
        (importer, imported)
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
        if graph.chain_exists(importer=imported, imported=importer)
    ]
    assert circles == []


@pytest.mark.parametrize(
    ("file", "line", "rule"),
    [
        ("include/lake/wrong.py", "from include.model import factors", "include is layered"),
        ("include/features/wrong.py", "from include.model import factors", "include is layered"),
        ("include/evaluation/wrong.py", "from include.ranking.kernel.topn import top_n", "by what its package exports"),
        ("include/model/wrong.py", "import boto3", "are pure functions"),
        ("include/features/wrong.py", "from include.settings import PROJECT", "are pure functions"),
        ("include/lake/wrong.py", "from jobs import _command", "include knows neither"),
        ("include/serving/wrong.py", "import airflow", "include knows neither"),
        ("include/serving/wrong.py", "import devstack", "include knows neither"),
        ("devstack/wrong.py", "import airflow", "the development stack and the studies"),
        ("jobs/wrong.py", "from include.orchestration import step", "jobs know nothing"),
        ("jobs/wrong.py", "import mlflow", "only tracking imports mlflow"),
        ("dags/wrong.py", "from include.lake import open_lake", "dags are structure"),
        ("dags/wrong.py", "import jobs.migrate", "dags are structure"),
        ("plugins/nightshelf_plugin/wrong.py", "from include.policy import Policy", "plugins know settings"),
    ],
)
def test_a_wrong_import_is_named(tmp_path: Path, file: str, line: str, rule: str) -> None:
    for part in PARTS:
        shutil.copytree(PROJECT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    (tmp_path / file).write_text(f"{line}\n")
    done = lint(tmp_path)
    assert done.returncode != 0
    _, heading, report = done.stdout.partition("Broken contracts")
    assert heading, done.stdout
    assert rule in report
