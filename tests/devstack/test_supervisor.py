import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.home import Home
from devstack.processes import end_marked, marked, marks, read_pid
from include.settings import PROJECT
from tests.waiting import eventually

SUPERVISE = """
import os, sys
from pathlib import Path
from devstack import supervisor
from devstack.home import Home
commands = {"good": [sys.executable, "-c", sys.argv[2]]}
supervisor.supervise(Home(Path(sys.argv[1])), "airflow", commands, dict(os.environ))
"""
WORK = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
time.sleep(60)
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    home.make()
    yield home
    end_marked(home.root, grace_seconds=0)


@pytest.fixture
def supervisor(home: Home) -> Iterator["subprocess.Popen[bytes]"]:
    environment = {**os.environ, **marks(home.root, "airflow"), "PYTHONPATH": str(PROJECT)}
    process = subprocess.Popen([sys.executable, "-c", SUPERVISE, str(home.root), WORK], env=environment)
    yield process
    process.kill()
    process.wait()


def test_what_ends_is_started_again_without_its_leftovers(home: Home, supervisor: "subprocess.Popen[bytes]") -> None:
    pid_file = home.run / "good.pid"
    assert eventually(lambda: len(marked(home.root)) == 3, seconds=15)
    first = read_pid(pid_file)
    assert first is not None
    children = [process for process in marked(home.root) if process.pid not in (first.pid, supervisor.pid)]
    os.kill(first.pid, signal.SIGKILL)
    assert eventually(lambda: read_pid(pid_file) not in (None, first), seconds=15)
    assert not any(child.alive for child in children)


def test_sigterm_ends_everything(home: Home, supervisor: "subprocess.Popen[bytes]") -> None:
    assert eventually(lambda: len(marked(home.root)) == 3, seconds=15)
    supervisor.terminate()
    assert supervisor.wait(timeout=15) == 0
    assert marked(home.root) == []


def test_what_a_killed_supervisor_leaves_is_found(home: Home, supervisor: "subprocess.Popen[bytes]") -> None:
    assert eventually(lambda: len(marked(home.root)) == 3, seconds=15)
    supervisor.kill()
    supervisor.wait()
    assert len(marked(home.root)) == 2
    assert end_marked(home.root) == 2
