import datetime as dt
import io
import os
from pathlib import Path

from rich.console import Console

from devstack.home import Home
from devstack.plan import Plan
from devstack.processes import end_marked, marks, spawn
from devstack.progress import Display
from devstack.stack import open_stack
from devstack.status import show_status


def status(root: Path) -> list[str]:
    said = io.StringIO()
    show_status(Home(root), Display(Console(file=said, width=200)))
    return said.getvalue().splitlines()


def test_what_runs_and_what_does_not(tmp_path: Path) -> None:
    stack = open_stack(tmp_path, os.environ)
    child = spawn(["sleep", "60"], {**os.environ, **marks(tmp_path, "airflow")}, tmp_path, tmp_path / "log")
    (stack.home.run / "scheduler.pid").write_text(str(child.pid))
    lines = status(tmp_path)
    end_marked(tmp_path, grace_seconds=0)
    child.wait()
    assert f"PostgreSQL       does not run, 127.0.0.1:{stack.postgres.port}" in lines
    assert f"scheduler        runs (pid {child.pid})" in lines
    assert "api-server       does not run" in lines
    assert "data             nothing has landed yet" in lines
    assert "scheduler        does not run" in status(tmp_path)


def test_what_has_landed_is_shown_without_airflow(tmp_path: Path) -> None:
    stack = open_stack(tmp_path, os.environ)
    stack.home.remember(Plan("demo_shop", None, (), dt.date(2025, 3, 1), dt.date(2025, 3, 3)).values())
    assert "data             demo_shop, history up to 2025-03-01" in status(tmp_path)
