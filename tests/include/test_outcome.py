"""What a job hands over is what its starter reads."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from include.errors import InputError
from include.outcome import JobError, find_error, find_result, hand_over, hand_over_error


def error(folder: Path, raised: BaseException) -> JobError:
    hand_over_error(str(folder), raised)
    found = find_error(folder, "the log")
    assert found is not None
    return found


def test_a_result_goes_to_the_folder_or_to_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (find_result(tmp_path), find_error(tmp_path, "the log")) == (None, None)
    hand_over(str(tmp_path), {"first": dt.date(2026, 1, 1)})
    assert find_result(tmp_path) == {"first": "2026-01-01"}
    assert capsys.readouterr().out == ""
    hand_over(None, {"rows": 1})
    assert capsys.readouterr().out == '{"rows": 1}\n'


def test_a_named_error_keeps_problem_remedy_and_exit_code(tmp_path: Path) -> None:
    found = error(tmp_path, InputError("row 7 is wrong", remedy="correct it"))
    assert (found.kind, found.problem, found.remedy, found.exit_code) == (
        "InputError",
        "row 7 is wrong",
        "correct it",
        3,
    )
    assert found.line == "InputError: row 7 is wrong. Remedy: correct it."


def test_an_unexpected_error_is_its_first_lines_and_the_log(tmp_path: Path) -> None:
    found = error(tmp_path, ValueError("calling o51.parquet.\n: SparkException: aborted\n\tat x\n\tat y"))
    assert found.line == "ValueError: calling o51.parquet. : SparkException: aborted. Remedy: read the log."
    assert found.exit_code == 1


def test_a_person_in_a_shell_has_the_log_alone(capsys: pytest.CaptureFixture[str]) -> None:
    hand_over_error(None, ValueError("x"))
    assert capsys.readouterr().out == ""
