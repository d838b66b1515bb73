"""The job operator with real processes: log, result, errors, stop."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from airflow.sdk import DAG, Asset
from airflow.sdk.exceptions import AirflowException, AirflowFailException, DownstreamTasksSkipped
from airflow.sdk.execution_time.context import OutletEventAccessors

from include import runner
from include.settings import PROJECT
from nightshelf_plugin.operators import (
    REPEATED,
    RESULT_LIMIT_BYTES,
    JobBranchOperator,
    JobOperator,
    job_environment,
)
from tests.include.test_runner import gone
from tests.waiting import eventually


class SampleOperator(JobOperator):
    """Runs the sample jobs of the tests, and logs to where `caplog` listens."""

    package: ClassVar[str] = "tests.plugins.sample_jobs"
    log = logging.getLogger("sample")


class SampleBranchOperator(JobBranchOperator):
    package: ClassVar[str] = "tests.plugins.sample_jobs"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in REPEATED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NIGHTSHELF_HOME", str(tmp_path))
    return tmp_path


def operator(*arguments: str, **options: Any) -> SampleOperator:
    return SampleOperator(task_id="task", job="behave", arguments=arguments, **options)


def context() -> dict[str, Any]:
    pushed: dict[str, Any] = {}
    instance = SimpleNamespace(pushed=pushed, map_index=-1, xcom_push=lambda key, value: pushed.update({key: value}))
    return {"outlet_events": OutletEventAccessors(), "ti": instance}


def test_result_line_becomes_the_return_value_and_stderr_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        result = operator("succeed").execute(context())
    said = [(record.levelno, record.getMessage()) for record in caplog.records]
    assert result == {"events": {"landed": 7}, "path": "training_sets/2026-11-20-abc"}
    assert (logging.INFO, "a library that prints") in said
    assert (logging.WARNING, "Utils: from Spark") in said


def test_the_first_line_of_the_log_repeats_the_task(
    home: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTSHELF_DATASET", "a name with 'quotes'")
    monkeypatch.setenv("NIGHTSHELF_DATABASE_URL", "postgresql://writer:hunter2@localhost/x")
    with caplog.at_level(logging.INFO):
        operator("succeed", "it's users").run_job()
    line = caplog.messages[0].removeprefix("To repeat this task in a shell: ")
    assert "hunter2" not in line
    assert f"NIGHTSHELF_HOME={home}" in line
    bare = {"PATH": os.environ["PATH"]}
    done = subprocess.run(["sh", "-c", line], cwd="/", env=bare, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1].startswith('{"it\'s users": {"landed": 7}')


@pytest.mark.parametrize(
    ("what", "error", "message"),
    [
        ("bad_data", AirflowFailException, "InputError: events.csv, row 7: price is 'free'. Remedy: correct the file."),
        ("no_such_choice", AirflowFailException, "invalid choice: 'no_such_choice'"),
        ("bad_disk", AirflowException, "LakeError: /lake: No space left on device. Remedy: free space."),
        ("crash", AirflowException, "ZeroDivisionError: division of nothing"),
        ("talk", AirflowFailException, f"more than {RESULT_LIMIT_BYTES}"),
        ("mute", AirflowFailException, "job behave ended without a result: it said nothing"),
    ],
)
def test_an_error_says_why_and_whether_to_try_again(what: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)) as raised:
        operator(what).execute(context())
    assert type(raised.value) is error


def test_a_job_that_was_killed_is_tried_again(home: Path) -> None:
    task = operator("hang", str(home / "child"))
    threading.Thread(target=lambda: (wait_for(home / "child"), os.kill(task._run.pid, 9))).start()
    with pytest.raises(AirflowException, match="ended by signal 9") as raised:
        task.execute(context())
    assert type(raised.value) is AirflowException
    assert gone(int((home / "child").read_text()))


def test_on_kill_ends_the_job_and_its_children(home: Path) -> None:
    task = operator("hang", str(home / "child"))

    def kill() -> None:
        wait_for(home / "child")
        task.on_kill()

    threading.Thread(target=kill).start()
    with pytest.raises(AirflowException, match="stopped from outside"):
        task.execute(context())
    assert gone(int((home / "child").read_text()))


def test_an_interrupt_inside_the_task_ends_the_job(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: int, __: str, line: str) -> None:
        if "hanging" in line:
            raise TimeoutError("execution_timeout")

    monkeypatch.setattr(SampleOperator.log, "log", interrupted)
    with pytest.raises(TimeoutError):
        operator("hang", str(home / "child")).execute(context())
    assert gone(int((home / "child").read_text()))


def test_a_child_left_behind_is_ended_with_a_job_that_did_well(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "LINGER_SECONDS", 0.5)
    assert operator("leave_child", str(home / "child")).execute(context()) == {"rows": 1}
    assert gone(int((home / "child").read_text()))


def test_only_the_outlets_that_the_job_touched_are_announced() -> None:
    events, users, all_of_it = (
        Asset("lake.events", extra={"part": "events"}),
        Asset("lake.users", extra={"part": "users"}),
        Asset("whole"),
    )
    task = operator("succeed", outlets=[events, users, all_of_it], asset_extra={"run_date": "2026-11-20"})
    surroundings = context()
    result = task.execute(surroundings)
    assert task.outlets == [events, all_of_it]
    told = surroundings["outlet_events"]
    assert told[events].extra == {"run_date": "2026-11-20", "result": {"landed": 7}}
    assert told[all_of_it].extra == {"run_date": "2026-11-20", "result": result}


@pytest.mark.parametrize(("key", "announced"), [("changed", True), ("rows", False)])
def test_a_job_that_changed_nothing_announces_nothing(key: str, announced: bool) -> None:
    live = Asset("live")
    task = operator("succeed", outlets=[live], announce_if=key)
    result = {"changed": 1, "rows": 0}
    task.announce(context(), result)
    assert task.outlets == ([live] if announced else [])


def branch(*arguments: str) -> tuple[SampleBranchOperator, dict[str, Any]]:
    with DAG("branching", schedule=None):
        gate = SampleBranchOperator(task_id="gate", job="behave", arguments=["decide", *arguments])
        gate >> [SampleOperator(task_id="promote"), SampleOperator(task_id="keep")]
    surroundings = context()
    surroundings["ti"].task = gate
    return gate, surroundings


def test_branch_skips_what_was_not_decided_and_keeps_the_result() -> None:
    gate, surroundings = branch("keep")
    with pytest.raises(DownstreamTasksSkipped) as skipped:
        gate.execute(surroundings)
    assert skipped.value.tasks == [("promote", -1)]
    assert surroundings["ti"].pushed["return_value"] == {"decision": "keep", "reasons": ["better"]}


def test_branch_refuses_a_decision_that_is_no_task() -> None:
    gate, surroundings = branch("dither")
    with pytest.raises(AirflowFailException, match=r"decided 'dither', which is none of \['keep', 'promote'\]"):
        gate.execute(surroundings)


def test_job_environment_keeps_airflows_secrets_to_airflow() -> None:
    kept = job_environment({"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "secret", "AIRFLOW_CTX_DAG_ID": "d", "PATH": "/bin"})
    assert kept == {"AIRFLOW_CTX_DAG_ID": "d", "PATH": "/bin"}


def test_percent_signs_are_no_format(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        operator("succeed", "100%s").execute(context())
    assert "says 100%s" in caplog.messages


def test_the_job_is_the_task_unless_said_otherwise() -> None:
    task = JobOperator(task_id="train", arguments=["--training-set", "x"])
    assert task.command()[1:] == ["-m", "jobs.train", "--training-set", "x"]
    assert task.shell_line().startswith(f"cd {PROJECT} && ")


def wait_for(file: Path) -> None:
    eventually(lambda: file.is_file() and bool(file.read_text()), seconds=20)
