"""The nightly report by e-mail: when it is written, to those who want it, and to nobody else."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from include.lake import open_lake
from include.orchestration.report_mail import mail_report
from include.settings import VARIABLES
from tests.mailboxes import Mailbox, mail_server

PATH = "reports/2026-11-20-abc/report.html"


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Mailbox]:
    for variable in VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("NIGHTSHELF_HOME", str(tmp_path))
    open_lake((tmp_path / "lake").as_uri()).write_bytes(PATH, b"<h1>The night</h1>")
    with mail_server() as server:
        monkeypatch.setenv("NIGHTSHELF_SMTP_URL", server.url)
        monkeypatch.setenv("NIGHTSHELF_MAIL_FROM", "night@example.org")
        monkeypatch.setenv("NIGHTSHELF_MAIL_TO", "oncall@example.org")
        monkeypatch.setenv("NIGHTSHELF_REPORT_TO", "owner@example.org")
        yield server


def context(**result: Any) -> Any:
    task = SimpleNamespace(task_id="report", xcom_pull=lambda task_ids: {"report": PATH, "made": True} | result)
    return {"ti": task}


def test_a_page_that_was_written_reaches_its_owners_as_an_attachment(mailbox: Mailbox) -> None:
    mail_report(context())
    said = "\n".join(mailbox.received)
    assert "rcpt TO:<owner@example.org>" in said and "oncall@" not in said
    assert "Subject: Nightshelf: the night of 2026-11-20" in said and 'filename="report.html"' in said


def test_a_page_that_was_there_before_is_not_sent_again(mailbox: Mailbox) -> None:
    mail_report(context(made=False))
    assert mailbox.received == []


@pytest.mark.parametrize("variable", ["NIGHTSHELF_REPORT_TO", "NIGHTSHELF_SMTP_URL"])
def test_nobody_gets_what_nobody_asked_for(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.delenv(variable)
    mail_report(context())
    assert mailbox.received == []


def test_a_page_that_is_gone_is_a_warning(mailbox: Mailbox, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        mail_report(context(report="reports/2026-11-20-gone/report.html"))
    assert mailbox.received == [] and "the report is not mailed" in caplog.text
