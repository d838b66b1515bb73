"""A job process is followed line by line and never leaves anything behind."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from include.settings import PROJECT
from nightshelf_plugin import process as process_module
from nightshelf_plugin.process import JobProcess
from tests.plugins.sample_jobs.behave import SLEEPER
from tests.waiting import eventually


def start(code: str, *arguments: str) -> JobProcess:
    return JobProcess([sys.executable, "-c", code, *arguments], Path.cwd(), os.environ)


def gone(pid: int, *, seconds: float = 5.0) -> bool:
    """Tell whether a process has ended, waiting a little for it."""
    return eventually(lambda: has_ended(pid), seconds=seconds)


def has_ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_lines_come_while_the_process_still_runs() -> None:
    job = start("import sys, time; print('one', file=sys.stderr, flush=True); time.sleep(60)")
    try:
        assert next(job.lines()) == "one"
        assert job._process.poll() is None
    finally:
        job.close(0.1)
    assert gone(job.pid)


def test_lines_survive_bad_bytes_long_lines_and_a_missing_newline() -> None:
    job = start(r"import os; os.write(2, b'a' * 200000 + b'\n\xff\xfe b\r\nlast')")
    lines = list(job.lines())
    assert (job.wait(), len(lines[0]), lines[1:]) == (0, 200000, ["�� b", "last"])
    job.close(0.1)


def test_printed_holds_stdout_without_empty_lines() -> None:
    job = start("print('first\\n\\n{\"rows\": 1}\\n')")
    list(job.lines())
    assert job.wait() == 0
    assert job.printed() == ["first", '{"rows": 1}']
    job.close(0.1)


def test_stop_ends_children_that_ignore_sigterm() -> None:
    job = start(
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', {SLEEPER!r}])\n"
        "print(child.pid, file=sys.stderr, flush=True)\n"
        "time.sleep(600)"
    )
    child = int(next(job.lines()))
    job.stop(1.0)
    assert gone(job.pid)
    assert gone(child)
    job.close(0.1)


def test_a_child_that_outlives_the_job_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "LINGER_SECONDS", 0.5)
    job = start(
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {SLEEPER!r}])\n"
        "print(child.pid, file=sys.stderr, flush=True)"
    )
    started = time.monotonic()
    (line,) = job.lines()
    child = int(line)
    assert time.monotonic() - started < 10
    assert job.wait() == 0
    assert not gone(child, seconds=0.2)
    job.close(0.1)
    assert gone(child)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_a_job_dies_with_a_task_that_is_killed_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(PROJECT), str(PROJECT / "plugins")]))
    parent = start(
        "import os, signal, sys; from pathlib import Path\n"
        "from nightshelf_plugin.process import JobProcess\n"
        "job = JobProcess([sys.executable, '-c', 'import time; time.sleep(600)'], Path.cwd(), os.environ)\n"
        "print(job.pid, file=sys.stderr, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    job = int(next(parent.lines()))
    assert parent.wait() == -9
    assert gone(job)
    parent.close(0.1)


def test_stop_from_another_thread_ends_the_lines() -> None:
    job = start("import time; time.sleep(600)")
    threading.Timer(0.3, job.stop, [0.5]).start()
    assert list(job.lines()) == []
    assert job.wait() == -15
    job.close(0.1)
