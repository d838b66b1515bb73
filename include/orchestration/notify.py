"""Tells the on-call engineers what needs them, by Slack and by e-mail, where either is configured.

Airflow calls `tell_on_call` after a task's last try, in the task's own process: it never raises and never waits long.
What it cannot deliver it logs without the addresses, which are secrets. Airflow's own notifiers do not keep that up:
SlackWebhookNotifier logs an address that it cannot read, and SmtpNotifier sends HTML only and encrypts always or never.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, unquote, urlsplit

from airflow.sdk import Context
from pydantic import SecretStr

from include.errors import ConfigurationError, named_error
from include.orchestration.runbook import runbook_url
from include.settings import Settings, load_settings

logger = logging.getLogger(__name__)

SECONDS = 10.0
LONGEST = 500  # characters of an error's line
PASSWORD = re.compile(r"://[^\s/@]*:([^\s@]+)@")
PASSWORD_IN_URL = re.compile(r"(\w://[^\s:/@]*):[^\s@/]+@")
NO_REASON = "it ended without a word: its process was killed, or somebody marked it as failed"
TOLD = "told_on_call"  # the XCom of a task that was told of


@dataclass(frozen=True)
class Message:
    """What is wrong with which run, in one line, and below it why, where to click and what to read.

    Attributes
    ----------
    attached
        A page of HTML that e-mail carries besides.
    """

    subject: str
    text: str
    attached: bytes = b""


def tell_on_call(context: Context) -> None:
    """Tell of the failure of `context`, and note that where it is the task itself that tells."""
    settings = load_settings()
    deliver(failure_of(context, settings), settings)
    if context.get("exception"):
        context["ti"].xcom_push(TOLD, value=True)


def deliver(message: Message, settings: Settings) -> None:
    """Send a message to every place that is configured; without any, do nothing."""
    for name, secret, send in (("Slack", settings.slack_webhook, send_slack), ("e-mail", settings.smtp_url, send_mail)):
        if secret.get_secret_value():
            _try(name, send, message, settings)


def mail(message: Message, settings: Settings) -> None:
    """Send a message by e-mail alone, to `settings.mail_to`."""
    _try("e-mail", send_mail, message, settings, whom=settings.mail_to)


def failure_of(context: Mapping[str, Any], settings: Settings) -> Message:
    """Return what is known of a failure, without the secrets that an error's text may repeat."""
    task = context["ti"]
    raised = context.get("exception") or getattr(context.get("task"), "skipped_for", None)
    error, reason = named_error(raised), last_line(raised, settings)
    clearing = f" {error.clearing}." if error else ""
    why = f"{reason}{clearing}"
    return _failure(task.dag_id, task.run_id, task.task_id, why, getattr(task, "log_url", ""), settings)


def failure_without_word(dag_id: str, run_id: str, task_id: str, map_index: int, settings: Settings) -> Message:
    """Return what is known of a task whose process is gone; `map_index` is -1 where it is not mapped."""
    mapped = f"/mapped/{map_index}" if map_index >= 0 else ""
    link = f"{run_url(dag_id, run_id)}/tasks/{task_id}{mapped}"
    return _failure(dag_id, run_id, task_id, NO_REASON, link, settings)


def run_url(dag_id: str, run_id: str) -> str:
    """Return where Airflow shows a run."""
    from airflow.sdk.configuration import conf

    return f"{conf.get('api', 'base_url', fallback='').rstrip('/')}/dags/{dag_id}/runs/{quote(run_id)}"


def _failure(dag_id: str, run_id: str, task_id: str, why: str, link: str, settings: Settings) -> Message:
    return Message(
        subject=f"Nightshelf: {task_id} of {dag_id} has failed ({run_id})",
        text=f"{why}\n\nTask: {link}\nRunbook: {runbook_url(task_id, settings)}\n",
    )


def last_line(raised: BaseException | None, settings: Settings) -> str:
    """Return the last line of an error, without secrets and short enough to send."""
    lines = [line.strip() for line in str(raised or "").splitlines() if line.strip()]
    return blot_out(lines[-1] if lines else NO_REASON, settings)[:LONGEST]


def blot_out(text: str, settings: Settings) -> str:
    """Return `text` without the passwords of any URL in it and without this installation's own secrets."""
    for _, value in settings:
        secret = value.get_secret_value() if isinstance(value, SecretStr) else ""
        for part in (secret, *PASSWORD.findall(secret)):
            text = text.replace(part, "***") if part else text
    return PASSWORD_IN_URL.sub(r"\1:***@", text)


def send_slack(message: Message, settings: Settings) -> None:
    """Post to an incoming webhook."""
    from urllib.request import Request, urlopen

    body = json.dumps({"text": f"*{message.subject}*\n{message.text}"}).encode()
    request = Request(settings.slack_webhook.get_secret_value(), body, {"Content-Type": "application/json"})
    with urlopen(request, timeout=SECONDS):
        pass


def send_mail(message: Message, settings: Settings) -> None:
    """Send by the server of `smtp://` or `smtps://[user:password@]host[:port]`, encrypted where it offers to.

    Raises
    ------
    ConfigurationError
        When sender or receivers are missing, or a password would travel in the clear.
    """
    import smtplib
    import ssl
    from email.message import EmailMessage

    if not (settings.mail_from and settings.mail_to):
        raise ConfigurationError(
            "NIGHTSHELF_SMTP_URL is set, but not who writes to whom", remedy="set NIGHTSHELF_MAIL_FROM and _TO"
        )
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = message.subject, settings.mail_from, settings.mail_to
    mail.set_content(message.text)
    if message.attached:
        mail.add_attachment(message.attached, maintype="text", subtype="html", filename="report.html")
    url, context = urlsplit(settings.smtp_url.get_secret_value()), ssl.create_default_context()
    host, encrypted = url.hostname or "localhost", url.scheme == "smtps"
    server: smtplib.SMTP = (
        smtplib.SMTP_SSL(host, url.port or 465, timeout=SECONDS, context=context)
        if encrypted
        else smtplib.SMTP(host, url.port or 25, timeout=SECONDS)
    )
    with server:
        server.ehlo()
        if not encrypted and server.has_extn("starttls"):
            server.starttls(context=context)
            encrypted = True
        if url.password and not encrypted:
            raise ConfigurationError("the mail server offers no encryption", remedy="use smtps:// or no password")
        if url.password:
            server.login(unquote(url.username or ""), unquote(url.password))
        server.send_message(mail)


def _try(
    name: str, send: Callable[[Message, Settings], None], message: Message, settings: Settings, whom: str = "on-call"
) -> None:
    """Deliver, or log why not by the kind of error alone: its text may repeat the address."""
    try:
        send(message, settings)
        logger.info("told %s by %s", whom, name)
    except HTTPError as error:
        logger.warning("%s did not take the message: HTTP %d", name, error.code)
    except ConfigurationError as error:
        logger.warning("%s: %s", name, error)
    except (OSError, ValueError) as error:  # smtplib's and urllib's errors are OSErrors
        logger.warning("%s did not take the message: %s", name, type(error).__name__)
