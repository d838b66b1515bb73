"""`python -m jobs.validate` as a task runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from include.lake import Lake
from jobs import validate
from jobs._command import main
from tests.include.checks.partitions import GOOD, commit_day, commit_rows

ARGUMENTS = ["--date", "2026-03-02"]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NIGHTSHELF_HOME", str(tmp_path))


def test_a_good_day_gives_its_result(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    commit_day(lake)
    assert main(validate.parse_args, validate.run, ARGUMENTS) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["failed"], result["warnings"]) == (0, 0)
    assert result["checks"] > 20
    assert Path(result["data_docs"].removeprefix("file://")).is_file()


def test_a_bad_day_stops_the_night_for_good(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    commit_day(lake, items=[GOOD["items"], GOOD["items"]])
    assert main(validate.parse_args, validate.run, ARGUMENTS) == 3
    assert capsys.readouterr().out == ""


def test_a_policy_can_be_milder(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit_day(lake)
    commit_rows(lake, "users", [{**GOOD["users"], "user_id": f"u{n}"} for n in range(5)], quarantined=5)
    (tmp_path / "mild.yaml").write_text("quality: {max_quarantined_share: 0.6, warn_quarantined_share: 0.6}")
    assert main(validate.parse_args, validate.run, ARGUMENTS) == 3
    monkeypatch.setenv("NIGHTSHELF_POLICY", str(tmp_path / "mild.yaml"))
    assert main(validate.parse_args, validate.run, ARGUMENTS) == 0


def test_a_day_that_was_not_ingested_is_named(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(validate.parse_args, validate.run, ARGUMENTS) == 3
    assert "events/ingest_date=2026-03-02" in capsys.readouterr().err
