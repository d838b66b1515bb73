"""Tells people that a task has failed for good, by Slack and by e-mail, when either is configured.

Airflow calls `tell_on_call` after the last try only. It runs in the task's own process, so it never raises and never
waits long; what it cannot deliver it logs, without the addresses, which are secrets.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit

from airflow.sdk import Context
from pydantic import SecretStr

from include.errors import ConfigurationError
from include.settings import Settings, load_settings

logger = logging.getLogger(__name__)

SECONDS = 10.0
LONGEST = 500  # characters of an error's line
PASSWORD = re.compile(r"://[^\s/@]*:([^\s@]+)@")
PASSWORD_IN_URL = re.compile(r"(\w://[^\s:/@]*):[^\s@/]+@")
NO_REASON = "it ended without a word; was its process killed?"


@dataclass(frozen=True)
class Failure:
    """What whoever is on call reads first."""

    dag_id: str
    task_id: str
    run_id: str
    reason: str
    link: str

    @property
    def subject(self) -> str:
        """Return one line that says which task of which run."""
        return f"Nightshelf: {self.task_id} of {self.dag_id} has failed ({self.run_id})"

    @property
    def text(self) -> str:
        """Return the error's last line, where to click, and what to read."""
        return f"{self.reason}\n\nTask: {self.link}\nWhat to do: docs/runbook.md#{self.task_id}\n"


def tell_on_call(context: Context) -> None:
    """Send the failure of `context` to every place that is configured; without any, do nothing."""
    settings = load_settings()
    for name, secret, send in (("Slack", settings.slack_webhook, send_slack), ("e-mail", settings.smtp_url, send_mail)):
        if secret.get_secret_value():
            _try(name, send, failure_of(context, settings), settings)


def failure_of(context: Mapping[str, Any], settings: Settings) -> Failure:
    """Return what is known of a failure; secrets that an error's text repeats are blotted out."""
    task_instance = context["ti"]
    lines = [line.strip() for line in str(context.get("exception") or "").splitlines() if line.strip()]
    return Failure(
        dag_id=task_instance.dag_id,
        task_id=task_instance.task_id,
        run_id=task_instance.run_id,
        reason=blot_out(lines[-1] if lines else NO_REASON, settings)[:LONGEST],
        link=str(getattr(task_instance, "log_url", "")),
    )


def blot_out(text: str, settings: Settings) -> str:
    """Return `text` without the passwords of any URL in it and without this installation's own secrets."""
    for _, value in settings:
        secret = value.get_secret_value() if isinstance(value, SecretStr) else ""
        for part in (secret, *PASSWORD.findall(secret)):
            text = text.replace(part, "***") if part else text
    return PASSWORD_IN_URL.sub(r"\1:***@", text)


def send_slack(failure: Failure, settings: Settings) -> None:
    """Post to an incoming webhook."""
    from urllib.request import Request, urlopen

    body = json.dumps({"text": f"*{failure.subject}*\n{failure.text}"}).encode()
    request = Request(settings.slack_webhook.get_secret_value(), body, {"Content-Type": "application/json"})
    with urlopen(request, timeout=SECONDS):
        pass


def send_mail(failure: Failure, settings: Settings) -> None:
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
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = failure.subject, settings.mail_from, settings.mail_to
    message.set_content(failure.text)
    url = urlsplit(settings.smtp_url.get_secret_value())
    host, safe = url.hostname or "localhost", ssl.create_default_context()
    if url.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, url.port or 465, timeout=SECONDS, context=safe)
    else:
        server = smtplib.SMTP(host, url.port or 25, timeout=SECONDS)
    with server:
        server.ehlo()
        if url.scheme != "smtps" and server.has_extn("starttls"):
            server.starttls(context=safe)
            server.ehlo()
        elif url.scheme != "smtps" and url.password:
            raise ConfigurationError("the mail server offers no encryption", remedy="use smtps:// or no password")
        if url.password:
            server.login(unquote(url.username or ""), unquote(url.password))
        server.send_message(message)


def _try(name: str, send: Callable[[Failure, Settings], None], failure: Failure, settings: Settings) -> None:
    """Deliver, or log why not by the kind of error alone: its text may repeat the address."""
    try:
        send(failure, settings)
        logger.info("told on-call by %s", name)
    except HTTPError as error:
        logger.warning("%s did not take the message: HTTP %d", name, error.code)
    except ConfigurationError as error:
        logger.warning("%s: %s", name, error)
    except (OSError, ValueError) as error:  # smtplib's and urllib's errors are OSErrors
        logger.warning("%s did not take the message: %s", name, type(error).__name__)
