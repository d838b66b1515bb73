"""`python -m jobs.migrate`, `publish` and `verify` as a task runs them."""

import json
from pathlib import Path

import pytest

from include.lake import Lake
from jobs import migrate, publish, verify
from jobs._command import main
from tests.batches import write_batch
from tests.databases import Database


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.setenv("NIGHTSHELF_HOME", str(tmp_path))
    return monkeypatch


@pytest.fixture
def connected(environment: pytest.MonkeyPatch, database: Database) -> Database:
    environment.setenv("NIGHTSHELF_DATABASE_URL", database.writer_url)
    environment.setenv("NIGHTSHELF_ANALYST_URL", database.analyst_url)
    return database


@pytest.mark.postgres
def test_results_are_one_line_of_json(connected: Database, lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    batch = write_batch(lake)
    assert main(migrate.parse_args, migrate.run, []) == 0
    assert json.loads(capsys.readouterr().out) == {"applied": []}
    for _ in range(2):
        assert main(publish.parse_args, publish.run, ["--batch", batch.folder]) == 0
        assert json.loads(capsys.readouterr().out) == {
            "batch_id": batch.batch_id, "users": 40, "rows": 174, "checksum": batch.checksum, "live": True,
        }  # fmt: skip
    assert main(verify.parse_args, verify.run, ["--batch", batch.folder]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "batch_id": batch.batch_id, "live": True, "users": 40, "checksum": batch.checksum, "superseded_by": None,
    }  # fmt: skip


@pytest.mark.postgres
def test_what_was_never_published_fails_for_good(connected: Database, lake: Lake) -> None:
    assert main(verify.parse_args, verify.run, ["--batch", write_batch(lake).folder]) == 3


def test_a_batch_that_is_not_there_fails_for_good(environment: pytest.MonkeyPatch) -> None:
    assert main(publish.parse_args, publish.run, ["--batch", "batches/nothing"]) == 3


def test_a_server_that_is_not_there_may_come_back(
    environment: pytest.MonkeyPatch, lake: Lake, caplog: pytest.LogCaptureFixture
) -> None:
    environment.setenv("NIGHTSHELF_DATABASE_URL", "postgresql://nightshelf:secret@127.0.0.1:1/nightshelf")
    assert main(publish.parse_args, publish.run, ["--batch", write_batch(lake).folder]) == 1
    assert main(migrate.parse_args, migrate.run, []) == 1


def test_no_server_configured(environment: pytest.MonkeyPatch, lake: Lake) -> None:
    assert main(publish.parse_args, publish.run, ["--batch", write_batch(lake).folder]) == 2
