import os
import sys
from pathlib import Path

from devstack.home import Home
from devstack.processes import end_marked, marked, marks, spawn
from devstack.supervised import Supervised

WAIT = [sys.executable, "-c", "import time; time.sleep(60)"]


def make(folder: Path) -> Supervised:
    home = Home(folder)
    home.make()
    return Supervised(home, "part", "keeper", ("one", "two"))


def test_it_is_found_while_it_runs_and_forgotten_when_it_is_stopped(tmp_path: Path) -> None:
    part = make(tmp_path)
    assert part.find_supervisor() is None
    assert part.stop() == 0
    part.start(WAIT, {**os.environ, **marks(tmp_path, "part")})
    (part.home.run / "one.pid").write_text("{}")
    assert part.find_supervisor() in marked(tmp_path, "part")
    assert part.stop() == 1
    assert part.find_supervisor() is None
    assert list(part.home.run.glob("*.pid")) == []


def test_other_parts_of_the_home_go_on(tmp_path: Path) -> None:
    part = make(tmp_path)
    other = spawn(WAIT, {**os.environ, **marks(tmp_path, "other")}, tmp_path, part.home.logs / "other.log")
    part.start(WAIT, {**os.environ, **marks(tmp_path, "part")})
    assert part.stop() == 1
    assert other.poll() is None
    end_marked(tmp_path, grace_seconds=0)
    other.wait()
