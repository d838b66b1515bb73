"""Whatever a job or Airflow raises, the log ends with what failed, the remedy, whether clearing helps, and the page."""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

import include
from include.errors import AFTERWARDS, HELPS, NO_HELP, MissingArtifactError, NightshelfError
from include.orchestration.last_words import last_words, say_why, say_why_again
from include.outcome import OUTCOME, JobError
from include.settings import Settings
from jobs import _command
from nightshelf_plugin.operators import JobOperator

TASK = SimpleNamespace(dag_id="nightly_recommendations", task_id="train", try_number=1)


def error_classes() -> list[type[NightshelfError]]:
    """Return every named error that a job can raise."""
    for module in pkgutil.walk_packages(include.__path__, "include."):
        importlib.import_module(module.name)

    def below(found: type[NightshelfError]) -> Iterator[type[NightshelfError]]:
        yield found
        for child in found.__subclasses__():
            yield from below(child)

    ours = [kind for kind in below(NightshelfError) if kind.__module__.startswith("include.") and kind is not JobError]
    return sorted(set(ours), key=lambda kind: kind.__name__)


def make(kind: type[NightshelfError]) -> NightshelfError:
    error = kind.__new__(kind)
    NightshelfError.__init__(error, "price of row 7 is 'free'", remedy="correct the file")
    return error


def words(raised: BaseException | None, settings: Settings) -> list[str]:
    return last_words({"ti": TASK, "exception": raised}, settings)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def run_job(raised: BaseException, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> BaseException:
    """Return what the operator raises for a job that raises `raised`; the job's process is this one."""
    operator = JobOperator(task_id="train")

    class Run:
        def __init__(self, *_: object) -> None:
            pass

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def lines(self) -> Iterator[str]:
            yield from ()

        def result(self) -> dict[str, Any]:
            from include.outcome import find_error

            monkeypatch.setitem(os.environ, OUTCOME, str(tmp_path))
            monkeypatch.setitem(os.environ, "NIGHTSHELF_HOME", str(tmp_path))

            def fail(*_: object) -> dict[str, Any]:
                raise raised

            try:
                assert _command.main(lambda _: None, fail, []) != 0
            except type(raised):
                pass
            error = find_error(tmp_path, "the log above")
            assert error is not None
            raise error

    monkeypatch.setattr("nightshelf_plugin.operators.JobRun", Run)
    with pytest.raises(AirflowException) as failed:
        operator.run_job()
    return failed.value


@pytest.mark.parametrize("kind", error_classes(), ids=lambda kind: kind.__name__)
def test_every_named_error_of_a_job_ends_the_log_in_its_own_words(
    kind: type[NightshelfError], settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised = run_job(make(kind), monkeypatch, tmp_path)
    assert words(raised, settings) == [
        f"What failed: train of nightly_recommendations, {kind.__name__}: price of row 7 is 'free'",
        "Remedy: correct the file",
        f"Clearing: {kind.clearing}",
        "Runbook: docs/runbook/train.md",
    ]
    assert kind.clearing in (AFTERWARDS, NO_HELP, HELPS)
    assert (type(raised) is AirflowFailException) == (kind.exit_code in (2, 3))  # the others are tried again


def test_an_error_that_a_job_did_not_expect_is_named_too(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised = run_job(ZeroDivisionError("division by zero"), monkeypatch, tmp_path)
    assert words(raised, settings)[:3] == [
        "What failed: train of nightly_recommendations, ZeroDivisionError: division by zero",
        "Remedy: read the log above",
        f"Clearing: {NO_HELP}",
    ]
    assert type(raised) is AirflowException


def test_airflow_s_own_errors_lead_to_the_page(settings: Settings) -> None:
    said = words(AirflowException("Dag id nightly_recommendations not found in DagModel"), settings)
    assert said[0].endswith("train of nightly_recommendations, Dag id nightly_recommendations not found in DagModel")
    assert said[2:] == [f"Clearing: {AFTERWARDS}", "Runbook: docs/runbook/train.md"]
    assert "its process was killed" in words(None, settings)[0]


def test_an_error_raised_for_a_named_one_has_its_words(settings: Settings) -> None:
    raised = AirflowFailException("x")
    raised.__cause__ = MissingArtifactError("no model", remedy="clear train")
    assert words(raised, settings)[:3] == [
        "What failed: train of nightly_recommendations, MissingArtifactError: no model",
        "Remedy: clear train",
        f"Clearing: {NO_HELP}",
    ]


def test_a_try_that_is_repeated_says_so(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTSHELF_HOME", "/nowhere")
    context: Any = {"ti": TASK, "exception": AirflowException("gone")}
    say_why_again(context)
    assert caplog.messages[-1] == "Clearing: not needed, Airflow tries again by itself (this was try 1)"
    say_why(context)
    assert caplog.messages[-1] == "Runbook: docs/runbook/train.md"
