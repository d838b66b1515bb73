"""Final failures reach people: a real web server and a real mail server, and nothing where none is configured."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from devstack.ports import free_port
from include.orchestration.notify import NO_REASON, TOLD, tell_on_call
from include.settings import VARIABLES
from tests.mailboxes import Mailbox, mail_server
from tests.webhooks import Webhook, webhook_server

LINK = "http://localhost:8080/dags/nightly_recommendations/runs/r1/tasks/train"
PUSHED: dict[str, Any] = {}
CONTEXT: Any = {
    "ti": SimpleNamespace(
        dag_id="nightly_recommendations",
        task_id="train",
        run_id="r1",
        log_url=LINK,
        xcom_push=lambda key, value: PUSHED.update({key: value}),
    ),
    "exception": RuntimeError("first line\nTrackingError: postgresql://mlflow:s3cret@db/mlflow is gone\n"),
}
REASON = "TrackingError: postgresql://mlflow:***@db/mlflow is gone"


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("NIGHTSHELF_HOME", str(tmp_path))


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    with webhook_server() as server:
        monkeypatch.setenv("NIGHTSHELF_SLACK_WEBHOOK", server.url)
        yield server


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    with mail_server() as server:
        monkeypatch.setenv("NIGHTSHELF_SMTP_URL", server.url)
        monkeypatch.setenv("NIGHTSHELF_MAIL_FROM", "night@example.org")
        monkeypatch.setenv("NIGHTSHELF_MAIL_TO", "ada@example.org, bob@example.org")
        yield server


def test_nothing_configured_does_nothing_and_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    tell_on_call(CONTEXT)
    assert caplog.text == ""


def test_slack_gets_the_last_error_line_the_link_and_the_page(webhook: Webhook) -> None:
    tell_on_call(CONTEXT)
    (message,) = webhook.received
    assert message["path"] == "/services/t0ken"
    for part in (REASON, LINK, "docs/runbook/train.md", "nightly_recommendations", "r1"):
        assert part in message["text"]
    assert "s3cret" not in message["text"] and "first line" not in message["text"]


def test_mail_goes_to_everybody_named(mailbox: Mailbox) -> None:
    tell_on_call(CONTEXT)
    said = "\n".join(mailbox.received)
    addressed = re.findall(r"^rcpt to:<(.+)>$", said, re.MULTILINE | re.IGNORECASE)  # smtplib's case is Python's own
    assert addressed == ["ada@example.org", "bob@example.org"]
    assert "Subject: Nightshelf: train of nightly_recommendations has failed (r1)" in said
    assert REASON in said and LINK in said and "docs/runbook/train.md" in said
    assert "s3cret" not in said


def test_both_are_told_also_when_one_refuses(
    webhook: Webhook, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    webhook.status = 404
    tell_on_call(CONTEXT)
    assert mailbox.received and "HTTP 404" in caplog.text
    assert "t0ken" not in caplog.text


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/t0ken", "https//t0ken", "gopher://t0ken", "http://[t0ken"])
def test_a_webhook_that_cannot_be_reached_or_read_raises_nothing_and_stays_secret(
    url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("NIGHTSHELF_SLACK_WEBHOOK", url.format(port=free_port()))
    with caplog.at_level(logging.DEBUG):
        tell_on_call(CONTEXT)
    assert "did not take the message" in caplog.text and "t0ken" not in caplog.text


def test_no_password_travels_in_the_clear(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("NIGHTSHELF_SMTP_URL", f"smtp://ada:hush@127.0.0.1:{mailbox.server_address[1]}")
    tell_on_call(CONTEXT)
    assert "offers no encryption" in caplog.text
    assert not any("AUTH" in line.upper() or "hush" in line for line in mailbox.received)


def test_without_receivers_it_says_what_is_missing(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("NIGHTSHELF_MAIL_TO")
    tell_on_call(CONTEXT)
    assert "not who writes to whom" in caplog.text and not mailbox.received


def test_a_task_that_was_killed_has_no_error_to_repeat(webhook: Webhook) -> None:
    PUSHED.clear()
    tell_on_call({**CONTEXT, "exception": None})
    assert NO_REASON in webhook.received[0]["text"] and PUSHED == {}  # another process than the task's tells


def test_the_task_that_has_told_says_so(webhook: Webhook) -> None:
    PUSHED.clear()
    tell_on_call(CONTEXT)
    assert webhook.received and PUSHED == {TOLD: True}


def test_the_secrets_of_the_installation_are_blotted_out(webhook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTSHELF_DATABASE_URL", "postgresql://nightshelf:pa55word@db/nightshelf")
    tell_on_call({**CONTEXT, "exception": RuntimeError("login with pa55word was refused")})
    assert "login with *** was refused" in webhook.received[0]["text"]
