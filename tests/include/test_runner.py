"""A job is followed line by line, its outcome read from files, and never leaves anything behind."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from include import runner
from include.outcome import OUTCOME, JobError
from include.runner import JobRun
from include.settings import PROJECT
from tests.plugins.sample_jobs.behave import SLEEPER
from tests.waiting import eventually


def start(code: str, *arguments: str, log: Path | None = None) -> JobRun:
    return JobRun("sample", [sys.executable, "-c", code, *arguments], os.environ, log)


def hands_over(file: str, text: str, code: int = 0, said: str = "") -> str:
    """A program that writes `text` to a file of the outcome's folder."""
    write = f"from pathlib import Path; import os, sys; Path(os.environ[{OUTCOME!r}], {file!r}).write_text({text!r})"
    return f"{write}; print({said!r}); sys.exit({code})"


def gone(pid: int, *, seconds: float = 5.0) -> bool:
    """Tell whether a process has ended, waiting a little for it."""
    return eventually(lambda: has_ended(pid), seconds=seconds)


def has_ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_lines_come_while_the_process_still_runs() -> None:
    with start("import sys, time; print('one', file=sys.stderr, flush=True); time.sleep(60)") as job:
        assert next(job.lines()) == "one"
        assert job.wait(0) is None
    assert gone(job.pid)


def test_lines_survive_bad_bytes_long_lines_and_a_missing_newline() -> None:
    with start(r"import os; os.write(2, b'a' * 200000 + b'\n\xff\xfe b\r\nlast')") as job:
        lines = list(job.lines())
        assert (job.wait(), len(lines[0]), lines[1:]) == (0, 200000, ["�� b", "last"])


def test_what_a_job_prints_is_part_of_its_log() -> None:
    with start("import sys; print('first'); print('second', file=sys.stderr)") as job:
        assert list(job.lines()) == ["first", "second"]


def test_a_log_of_its_own_is_appended_to_and_stays(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "sample.log"
    for _ in range(2):
        with start("print('once')", log=log) as job:
            assert list(job.lines()) == ["once"]
    assert log.read_text() == "once\nonce\n"


def test_a_result_is_the_file_that_the_job_wrote(tmp_path: Path) -> None:
    with start(hands_over("result.json", '{"rows": 1}', said='{"rows": 2}')) as job:
        assert job.result() == {"rows": 1}
        folder = job._folder
        assert folder.stat().st_mode & 0o077 == 0, "nobody else reads it"
    assert not folder.exists()


ERROR = '{"kind": "InputError", "problem": "row 7", "remedy": "%s", "exit_code": 3}'


@pytest.mark.parametrize(
    ("code", "exit_code", "line"),
    [
        (hands_over("error.json", ERROR % "mend it", 3), 3, "InputError: row 7. Remedy: mend it."),
        (hands_over("error.json", ERROR % "", 3), 3, "InputError: row 7. Remedy: read the log above."),
        ("import sys; print('usage'); sys.exit('no date')", 1, "job sample ended with code 1: no date. Remedy: read"),
        (hands_over("error.json", '{"kind": "Inp', 1, "half"), 1, "job sample ended with code 1: half. Remedy: read"),
        (hands_over("result.json", '{"rows": 1}', 4), 4, "job sample ended with code 4: it said nothing. Remedy: read"),
        (hands_over("result.json", "[1]"), 3, "job sample ended without a result: it said nothing. Remedy: read"),
        (hands_over("result.json", '{"rows": '), 3, "job sample ended without a result: it said nothing. Remedy: read"),
        ("print('done')", 3, "job sample ended without a result: done. Remedy: read"),
        ("import os; os.kill(os.getpid(), 9)", 1, "job sample ended by signal 9 (out of memory?): it said nothing."),
        ("import os; os.kill(os.getpid(), 11)", 1, "job sample ended by signal 11: it said nothing."),
    ],
)
def test_a_failure_is_told_in_the_jobs_words_or_by_its_last_line(code: str, exit_code: int, line: str) -> None:
    with start(code) as job, pytest.raises(JobError) as failed:
        job.result()
    assert failed.value.line.startswith(line)
    assert failed.value.exit_code == exit_code


def test_stop_ends_children_that_ignore_sigterm() -> None:
    with start(
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', {SLEEPER!r}])\n"
        "print(child.pid, file=sys.stderr, flush=True)\n"
        "time.sleep(600)"
    ) as job:
        child = int(next(job.lines()))
        job.stop(1.0)
        assert gone(job.pid)
        assert gone(child)


def test_stop_reaches_a_process_group_of_its_own() -> None:
    with start(
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {SLEEPER!r}], process_group=0)\n"
        "print(child.pid, file=sys.stderr, flush=True)\n"
        "child.wait()"
    ) as job:
        child = int(next(job.lines()))
        job.stop(0.1)
        assert gone(child)


def test_a_child_that_outlives_the_job_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "LINGER_SECONDS", 0.5)
    monkeypatch.setattr(runner, "GRACE_SECONDS", 0.1)
    with start(
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {SLEEPER!r}])\n"
        "print(child.pid, file=sys.stderr, flush=True)"
    ) as job:
        started = time.monotonic()
        (line,) = job.lines()
        child = int(line)
        assert time.monotonic() - started < 10
        assert job.wait() == 0
        assert not gone(child, seconds=0.2)
    assert gone(child)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_a_job_dies_with_a_task_that_is_killed_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    with start(
        "import os, signal, sys\n"
        "from include.runner import JobRun\n"
        "job = JobRun('child', [sys.executable, '-c', 'import time; time.sleep(600)'], os.environ)\n"
        "print(job.pid, file=sys.stderr, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    ) as parent:
        job = int(next(parent.lines()))
        assert parent.wait() == -9
        assert gone(job)


def test_stop_from_another_thread_ends_the_lines() -> None:
    with start("import time; time.sleep(600)") as job:
        threading.Timer(0.3, job.stop, [0.5]).start()
        assert list(job.lines()) == []
        assert job.wait() == -15
