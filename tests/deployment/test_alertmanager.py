"""deploy/alertmanager/start.sh: what Alertmanager is told, for what is set."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.settings import PROJECT

PEOPLE = {
    "NIGHTSHELF_MAIL_FROM": "O'Neil <night@example.org>",
    "NIGHTSHELF_MAIL_TO": "ada@example.org, bob@example.org",
}


def start(folder: Path, webhook: str = "", smtp: str = "", **people: str) -> subprocess.CompletedProcess[str]:
    """Run the script as the container does, with a program in Alertmanager's place that shows its arguments."""
    (folder / "alertmanager").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (folder / "alertmanager").chmod(0o755)
    for name, value in (("slack_webhook", webhook), ("smtp_url", smtp)):
        (folder / name).write_text(value)
    return subprocess.run(
        ["/bin/sh", PROJECT / "deploy" / "alertmanager" / "start.sh", "--storage.path=/alertmanager"],
        env={
            "PATH": f"{folder}:{os.environ['PATH']}",
            "SECRETS_FOLDER": str(folder),
            "CONFIG_FOLDER": str(folder / "made"),
            **people,
        },
        capture_output=True,
        text=True,
    )


def receiver(folder: Path, *arguments: str) -> dict[str, Any]:
    """Return the one receiver of what the script writes for a webhook and a mail server."""
    done = start(folder, *arguments, **PEOPLE)
    assert done.returncode == 0, done.stderr
    config = folder / "made" / "alertmanager.yml"
    assert done.stdout.splitlines() == [f"--config.file={config}", "--storage.path=/alertmanager"]
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    made = yaml.safe_load(config.read_text())
    assert [found["name"] for found in made["receivers"]] == [made["route"]["receiver"]]
    return dict(made["receivers"][0])


def test_a_message_leads_to_the_alert_s_page(tmp_path: Path) -> None:
    forge = "https://forge.example.org/shop/"
    assert start(tmp_path, "https://hooks.example.org/t0ken", NIGHTSHELF_RUNBOOK_URL=forge).returncode == 0
    made = yaml.safe_load((tmp_path / "made" / "alertmanager.yml").read_text())
    text = made["receivers"][0]["slack_configs"][0]["text"]
    assert f"\nRunbook: {forge}{{{{ .Annotations.runbook_url }}}}\n" in text


def test_nobody_is_told_where_nothing_is_set(tmp_path: Path) -> None:
    assert receiver(tmp_path) == {"name": "on-call"}


def test_slack_by_a_file_that_holds_the_address(tmp_path: Path) -> None:
    told = receiver(tmp_path, "https://hooks.example.org/t0ken")
    assert set(told) == {"name", "slack_configs"}
    assert told["slack_configs"][0]["api_url_file"] == str(tmp_path / "slack_webhook")
    assert "t0ken" not in (tmp_path / "made" / "alertmanager.yml").read_text()


@pytest.mark.parametrize(
    ("url", "smarthost", "tls", "implicit"),
    [
        ("smtp://mail", "mail:25", False, False),
        ("smtp://mail:2525/", "mail:2525", False, False),
        ("smtps://mail", "mail:465", True, True),
        ("smtp://ada:pa55@mail:587", "mail:587", True, False),
    ],
)
def test_mail_with_a_password_only_over_tls(
    tmp_path: Path, url: str, smarthost: str, tls: bool, implicit: bool
) -> None:
    (mail,) = receiver(tmp_path, "", url)["email_configs"]
    assert (mail["smarthost"], mail["require_tls"], mail["force_implicit_tls"]) == (smarthost, tls, implicit)
    assert (mail["from"], mail["to"]) == tuple(PEOPLE.values())
    assert ("auth_username" in mail) == ("@" in url)


def test_a_login_is_decoded_and_its_password_stays_in_a_file_of_its_own(tmp_path: Path) -> None:
    (mail,) = receiver(tmp_path, "", "smtps://ada%40example.org:p%27w%3A1%2f@mail")["email_configs"]
    assert mail["auth_username"] == "ada@example.org"
    password = Path(mail["auth_password_file"])
    assert password.read_text() == "p'w:1/"
    assert stat.S_IMODE(password.stat().st_mode) == 0o600
    assert "p'w" not in (tmp_path / "made" / "alertmanager.yml").read_text()


def test_half_a_configuration_is_refused(tmp_path: Path) -> None:
    done = start(tmp_path, smtp="smtp://mail", NIGHTSHELF_MAIL_FROM="night@example.org")
    assert done.returncode != 0 and "not to whom" in done.stderr
    done = start(tmp_path, smtp="mail.example.org", **PEOPLE)
    assert done.returncode == 2 and "neither with smtp:// nor with smtps://" in done.stderr
