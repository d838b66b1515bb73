import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devstack.processes import (
    end_marked,
    find_process,
    marked,
    marks,
    memory_bytes,
    read_pid,
    spawn,
)
from include.processes import end, is_alive, session
from tests.waiting import eventually

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(60)",
]
# Forks twice, so that the grandchild belongs to nobody, as the workers of a killed scheduler do
LOST = [sys.executable, "-c", "import os, time; os.fork() or (os.setsid(), os.fork() or time.sleep(60))"]

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start commands marked as of the home `tmp_path`; whatever is left is ended."""

    def starter(command: list[str], part: str = "airflow", **options: bool) -> "subprocess.Popen[bytes]":
        environment = {**os.environ, **marks(tmp_path, part)}
        return spawn(command, environment, tmp_path, tmp_path / "logs" / "log", **options)

    yield starter
    end_marked(tmp_path, grace_seconds=0)


def test_a_pid_that_was_reused_is_another_process() -> None:
    me = find_process(os.getpid())
    assert me is not None and is_alive(me)
    me._ident = (me.pid, 1.0)  # the one with this pid that started then
    assert not is_alive(me)
    assert find_process(1 << 30) is None


def test_a_zombie_does_not_run(start: Start) -> None:
    child = start([sys.executable, "-c", ""])
    assert eventually(lambda: find_process(child.pid) is None, seconds=10)
    assert child.wait() == 0


def test_marked_processes_are_found_by_home_and_part(start: Start, tmp_path: Path) -> None:
    airflow, job = start(SLEEP), start(SLEEP, "job")
    assert eventually(lambda: len(marked(tmp_path)) == 2, seconds=10)
    assert [process.pid for process in marked(tmp_path, "job")] == [job.pid]
    assert [process.pid for process in marked(tmp_path, "airflow")] == [airflow.pid]
    assert marked(tmp_path / "other") == []


def test_a_mark_survives_setproctitle_and_a_double_fork(start: Start, tmp_path: Path) -> None:
    title = "import setproctitle, time; setproctitle.setproctitle('airflow scheduler ' * 200); time.sleep(60)"
    named = start([sys.executable, "-c", title])
    lost = start(LOST)
    lost.wait()
    assert eventually(lambda: b"airflow scheduler" in Path(f"/proc/{named.pid}/cmdline").read_bytes(), seconds=10)
    assert eventually(lambda: len(marked(tmp_path)) == 2, seconds=10)
    assert end_marked(tmp_path) == 2
    assert marked(tmp_path) == []


def test_ending_takes_those_that_do_not_listen(start: Start, tmp_path: Path) -> None:
    deaf = start(DEAF)
    assert eventually(lambda: (tmp_path / "logs" / "log").read_text() == "1\n", seconds=10)
    found = find_process(deaf.pid)
    assert found is not None
    end([found], grace_seconds=0.3)
    assert deaf.wait() == -9


def test_ending_a_process_that_is_gone_is_no_error(start: Start) -> None:
    child = start(SLEEP)
    found = find_process(child.pid)
    assert found is not None
    child.kill()
    child.wait()
    end([found], grace_seconds=1)
    assert not is_alive(found)


def test_a_job_dies_with_the_process_that_started_it(start: Start, tmp_path: Path) -> None:
    script = (
        "import os, sys, pathlib; from devstack.processes import marks, spawn;"
        f"home = pathlib.Path({str(tmp_path)!r});"
        f"spawn({SLEEP!r}, {{**os.environ, **marks(home, 'job')}}, home, home / 'log', dies_with_us=True);"
        "os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    assert eventually(lambda: marked(tmp_path, "job") == [], seconds=10)


def test_a_session_is_found_after_its_leader_is_gone(start: Start) -> None:
    parent = start([sys.executable, "-c", f"import subprocess; subprocess.Popen({SLEEP!r})"])
    parent.wait()
    assert [process.pid for process in session(parent.pid)] != [parent.pid]
    assert len(session(parent.pid)) == 1


def test_pid_files_name_running_processes_only(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "some.pid"
    assert read_pid(path, tmp_path) is None
    path.write_text("no number")
    assert read_pid(path, tmp_path) is None
    child = start(SLEEP)
    path.write_text(str(child.pid))
    assert read_pid(path, tmp_path) == find_process(child.pid)
    assert read_pid(path, tmp_path / "other") is None
    child.kill()
    child.wait()
    assert read_pid(path, tmp_path) is None


def test_memory_counts_running_processes(start: Start) -> None:
    child = start(SLEEP)
    ended = find_process(child.pid)
    child.kill()
    child.wait()
    assert ended is not None and memory_bytes([ended]) == 0
    me = find_process(os.getpid())
    assert me is not None
    assert memory_bytes([me]) > 10 << 20
