import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from devstack.home import Home
from devstack.processes import end_marked, marked, marks, spawn
from devstack.supervised import Supervised
from include.processes import is_alive
from tests.waiting import eventually

WAIT = [sys.executable, "-c", "import time; time.sleep(60)"]
WORK = f"import subprocess, time; subprocess.Popen({WAIT!r}, start_new_session=True); time.sleep(60)"


@pytest.fixture
def part(tmp_path: Path) -> Iterator[Supervised]:
    """A part of one process with a child in a session of its own, in a home that hardly suits a configuration file."""
    home = Home(tmp_path / "100%(here)s; home")
    home.make()
    yield Supervised(home, "part", {"good": [sys.executable, "-c", WORK]})
    end_marked(home.root, grace_seconds=0)


def start(part: Supervised) -> psutil.Process:
    """Start it and return its process, which has begun its child."""
    part.start({**os.environ, **marks(part.home.root, part.part)})
    assert eventually(lambda: len(marked(part.home.root)) == 3, seconds=15)
    found = part.find("good")
    assert found is not None
    return found


def test_it_is_found_while_it_runs_and_forgotten_when_it_is_stopped(part: Supervised) -> None:
    assert part.find_supervisor() is None
    assert part.stop() == 0
    start(part)
    assert part.find_supervisor() in marked(part.home.root, "part")
    assert part.stop() == 3
    assert part.find_supervisor() is None
    assert part.find("good") is None
    assert list(part.home.run.glob("*.pid")) == []


def test_other_parts_of_the_home_go_on(part: Supervised) -> None:
    other = spawn(WAIT, {**os.environ, **marks(part.home.root, "other")}, part.home.root, part.home.logs / "other.log")
    part.start({**os.environ, **marks(part.home.root, part.part)})
    assert part.stop() >= 1
    assert other.poll() is None
    end_marked(part.home.root, grace_seconds=0)
    other.wait()


def test_what_ends_is_started_again_without_its_leftovers(part: Supervised) -> None:
    first, supervisor = start(part), part.find_supervisor()
    children = [process for process in marked(part.home.root) if process not in (first, supervisor)]
    os.kill(first.pid, signal.SIGKILL)
    assert eventually(lambda: part.find("good") not in (None, first), seconds=15)
    assert len(children) == 1
    assert not any(is_alive(child) for child in children)


def test_sigterm_ends_everything(part: Supervised) -> None:
    start(part)
    supervisor = part.find_supervisor()
    assert supervisor is not None
    supervisor.terminate()
    assert supervisor.wait(timeout=15) == 0
    assert eventually(lambda: part.find("good") is None, seconds=1)
    part.end_leftovers()
    assert marked(part.home.root) == []


def test_what_a_killed_supervisor_leaves_is_found(part: Supervised) -> None:
    start(part)
    supervisor = part.find_supervisor()
    assert supervisor is not None
    supervisor.kill()
    supervisor.wait()
    assert len(marked(part.home.root)) == 2
    assert end_marked(part.home.root) == 2


def test_nothing_starts_before_the_migration_has_ended_well(part: Supervised) -> None:
    failing = Supervised(part.home, "part", part.commands, migrate=["sh", "-c", "echo no database; exit 1"])
    failing.start({**os.environ, **marks(part.home.root, "part")})
    assert eventually(lambda: failing.find_supervisor() is None, seconds=15)
    assert failing.migrate_log.read_text() == "no database\n"
    assert marked(part.home.root) == []
    start(Supervised(part.home, "part", part.commands, migrate=["true"]))
